using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace SparkTrain.ModelFormat;

/// <summary>Reads the keys of a config.json.</summary>
internal sealed class HuggingFaceConfigReader(string path, JsonElement root)
{
    private readonly JsonElement root = root;

    public ModelConfig Model()
    {
        if (root.ValueKind != JsonValueKind.Object) throw Bad("the file", "holds no JSON object", "the config.json of a model folder");
        string type = Text("model_type", "");
        if (type is not ("spark" or "gemma2")) throw Bad("model_type", $"is '{type}'", "spark or gemma2");
        Refuse("hidden_activation", HuggingFaceConfig.Activation);
        Refuse("tie_word_embeddings", "True");
        Refuse("attention_bias", "False");
        Refuse("rope_scaling", "");
        Refuse("quantization_config", "");
        if (Text("use_bidirectional_attention", "") is not ("" or "False")) throw Bad("use_bidirectional_attention", "is True", "false: every token sees earlier ones only");
        int layers = Int("num_hidden_layers"), headDim = Int("head_dim");
        double scalar = Number("query_pre_attn_scalar", headDim) ?? headDim;
        var config = new ModelConfig
        {
            VocabSize = Int("vocab_size"),
            DModel = Int("hidden_size"),
            NumLayers = layers,
            MaxSeqLen = Int("max_position_embeddings"),
            FinalLogitSoftcap = Number("final_logit_softcapping", 30.0),
            RmsNormEps = Number("rms_norm_eps", 1e-6) ?? 1e-6,
            TopkStdCorrection = Int("topk_std_correction", 1),
            TopkSelector = Kind("topk_selector", HuggingFaceConfig.SelectorName, TopkSelector.Statistical),
            Ffn = new()
            {
                Kind = Kind("ffn_kind", HuggingFaceConfig.FfnName, FfnKind.Gated),
                DFf = Int("intermediate_size"),
                PredictorDim = Int("ffn_predictor_dim", 0),
                Active = Int("ffn_active", 0),
                HuberDelta = Number("ffn_huber_delta", 0) ?? 0,
                Except = Ranges("ffn_except", e => new FfnOfLayers
                {
                    FirstLayer = e.Int("first_layer"), LastLayer = e.Int("last_layer"), Kind = e.Kind("ffn_kind", HuggingFaceConfig.FfnName, FfnKind.Gated),
                    DFf = e.root.TryGetProperty("intermediate_size", out _) ? e.Int("intermediate_size") : null,
                    PredictorDim = e.Int("ffn_predictor_dim", 0), Active = e.Int("ffn_active", 0), HuberDelta = e.Number("ffn_huber_delta", 0) ?? 0,
                }),
            },
            Attention = new()
            {
                Kind = Kind("attention_kind", HuggingFaceConfig.AttentionName, AttentionKind.Dense),
                NumHeads = Int("num_attention_heads"),
                NumKvHeads = Int("num_key_value_heads"),
                HeadDim = headDim,
                PredictorDim = Int("attention_predictor_dim", 0),
                Active = Int("attention_active", 0),
                Window = Int("sliding_window", 4096),
                Layers = Spans(layers),
                LogitSoftcap = Number("attn_logit_softcapping", 50.0),
                QueryPreAttnScalar = scalar == headDim ? null : scalar,
                RopeTheta = RopeTheta(),
                Except = Ranges("attention_except", e => new AttentionOfLayers
                {
                    FirstLayer = e.Int("first_layer"), LastLayer = e.Int("last_layer"), Kind = e.Kind("attention_kind", HuggingFaceConfig.AttentionName, AttentionKind.Dense),
                    PredictorDim = e.Int("attention_predictor_dim", 0), Active = e.Int("attention_active", 0),
                }),
            },
        };
        Check(config, "");
        Check(config.Ffn, "Ffn.");
        Check(config.Attention, "Attention.");
        return config;
    }

    // Transformers 5 writes rope_parameters, earlier ones rope_theta.
    private double RopeTheta()
    {
        if (!root.TryGetProperty("rope_parameters", out var rope) || rope.ValueKind == JsonValueKind.Null) return Number("rope_theta", 10_000) ?? 10_000;
        if (rope.ValueKind != JsonValueKind.Object) throw Bad("rope_parameters", "is " + rope.GetRawText(), "an object with rope_theta");
        var parameters = new HuggingFaceConfigReader($"{path} rope_parameters", rope);
        parameters.Refuse("rope_type", "default");
        return parameters.Number("rope_theta", 10_000) ?? 10_000;
    }

    private void Check(object section, string prefix)
    {
        var problems = new List<ValidationResult>();
        if (Validator.TryValidateObject(section, new ValidationContext(section), problems, validateAllProperties: true)) return;
        var first = problems[0];
        throw new ModelFormatException(path, $"{prefix}{first.MemberNames.FirstOrDefault()} {first.ErrorMessage?.TrimEnd('.')}", "keys that fit together", "correct config.json");
    }

    private AttentionSpan[] Spans(int layers)
    {
        if (!root.TryGetProperty("layer_types", out var list) || list.ValueKind == JsonValueKind.Null) return [];
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() != layers) throw Bad("layer_types", "is " + list.GetRawText(), $"a list of {layers} entries");
        AttentionSpan[] spans = [.. list.EnumerateArray().Select(e => e.ToString() switch
        {
            "sliding_attention" => AttentionSpan.Local,
            "full_attention" => AttentionSpan.Global,
            var other => throw Bad("layer_types", $"holds '{other}'", "sliding_attention or full_attention"),
        })];
        bool usual = spans.Index().All(s => s.Item == (s.Index % 2 == 0 ? AttentionSpan.Local : AttentionSpan.Global));
        return usual ? [] : spans;
    }

    private T[] Ranges<T>(string key, Func<HuggingFaceConfigReader, T> read)
    {
        if (!root.TryGetProperty(key, out var list)) return [];
        if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.Object)) throw Bad(key, "is " + list.GetRawText(), "a list of objects");
        return [.. list.EnumerateArray().Select((e, i) => read(new HuggingFaceConfigReader($"{path} {key}[{i}]", e)))];
    }

    private T Kind<T>(string key, Func<T, string> name, T absent) where T : struct, Enum
    {
        if (!root.TryGetProperty(key, out var value)) return absent;
        foreach (var kind in Enum.GetValues<T>())
            if (name(kind) == value.ToString()) return kind;
        throw Bad(key, $"is '{value}'", string.Join(", ", Enum.GetValues<T>().Select(name)));
    }

    private int Int(string key, int? absent = null)
    {
        if (!root.TryGetProperty(key, out var value)) return absent ?? throw Bad(key, "is missing", "a whole number");
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number : throw Bad(key, "is " + value.GetRawText(), "a whole number");
    }

    private double? Number(string key, double absent)
    {
        if (!root.TryGetProperty(key, out var value)) return absent;
        if (value.ValueKind == JsonValueKind.Null) return null;
        return value.ValueKind == JsonValueKind.Number ? value.GetDouble() : throw Bad(key, "is " + value.GetRawText(), "a number");
    }

    private string Text(string key, string absent) => root.TryGetProperty(key, out var value) ? value.ToString() : absent;

    private void Refuse(string key, string supported)
    {
        string found = Text(key, supported);
        if (found != supported) throw Bad(key, $"is {found}", supported.Length > 0 ? $"{supported}: this model family has nothing else" : "null: this model family has none");
    }

    private ModelFormatException Bad(string key, string found, string expected) =>
        new(path, $"{key} {found}", expected, "use a model folder of the Spark or Gemma-2 family, or correct config.json");
}
