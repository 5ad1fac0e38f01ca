using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace SparkTrain.ModelFormat;

/// <summary>Reads the keys of a config.json of a Spark or Gemma-2 model.</summary>
internal sealed class SparkConfigReader(string path, JsonElement root)
{
    private const int DefaultWindow = 4096;

    private const double DefaultRopeTheta = 10_000;

    // Gemma2Config of transformers, for keys that a Gemma-2 folder leaves out. A Spark folder has them all.
    private static readonly Dictionary<string, int> Gemma2 = new()
    {
        ["vocab_size"] = 256_000, ["hidden_size"] = 2304, ["intermediate_size"] = 9216, ["num_hidden_layers"] = 26, ["num_attention_heads"] = 8, ["num_key_value_heads"] = 4, ["head_dim"] = 256,
        ["query_pre_attn_scalar"] = 256, ["max_position_embeddings"] = 8192,
    };

    private readonly JsonElement root = root;

    public ModelConfig Model()
    {
        string type = Text("model_type", "");
        bool isGemma2 = type == "gemma2";
        Refuse("hidden_activation", SparkConfigWriter.Activation);
        if (isGemma2)
        {
            Refuse("tie_word_embeddings", "True");
            Refuse("attention_bias", "False");
        }
        Refuse("quantization_config", "");
        if (Text("use_bidirectional_attention", "") is not ("" or "False")) throw Bad("use_bidirectional_attention", "is True", "false: every token sees earlier ones only");
        int? Default(string key) => isGemma2 ? Gemma2[key] : null;
        int Size(string key) => Int(key, Default(key));
        int layers = Size("num_hidden_layers"), headDim = Size("head_dim");
        double scalar = Required("query_pre_attn_scalar", Default("query_pre_attn_scalar"));
        var spans = Spans(layers);
        bool bias = Flag("attention_bias", false);
        if (Flag("mlp_bias", bias) != bias) throw Bad("mlp_bias", $"is {Text("mlp_bias", "")}, attention_bias {bias}", "both or neither: this model family has biases everywhere or nowhere");
        var config = new ModelConfig
        {
            VocabSize = Size("vocab_size"),
            DModel = Size("hidden_size"),
            NumLayers = layers,
            MaxSeqLen = Size("max_position_embeddings"),
            FinalLogitSoftcap = Number("final_logit_softcapping", 30.0),
            Norm = new() { Eps = Required("rms_norm_eps", 1e-6), Placement = Kind("norm_placement", SparkConfigWriter.PlacementName, NormPlacement.Sandwich) },
            Embedding = new() { ScaleByRootD = Flag("scale_embedding", true), TiedHead = Flag("tie_word_embeddings", true) },
            Bias = bias,
            TopkStdCorrection = Int("topk_std_correction", 1),
            TopkSelector = Kind("topk_selector", SparkConfigWriter.SelectorName, TopkSelector.Statistical),
            Ffn = new()
            {
                Kind = Kind("ffn_kind", (FfnKind kind) => kind.Traits().Name, FfnKind.Gated),
                DFf = Size("intermediate_size"),
                PredictorDim = Int("ffn_predictor_dim", 0),
                Active = Int("ffn_active", 0),
                HuberDelta = Required("ffn_huber_delta", 0),
                Except = Ranges("ffn_except", e => new FfnOfLayers
                {
                    FirstLayer = e.Int("first_layer"), LastLayer = e.Int("last_layer"), Kind = e.Kind("ffn_kind", (FfnKind kind) => kind.Traits().Name, FfnKind.Gated),
                    DFf = e.root.TryGetProperty("intermediate_size", out _) ? e.Int("intermediate_size") : null,
                    PredictorDim = e.Int("ffn_predictor_dim", 0), Active = e.Int("ffn_active", 0), HuberDelta = e.Required("ffn_huber_delta", 0),
                }),
            },
            Attention = new()
            {
                Kind = Kind("attention_kind", (AttentionKind kind) => kind.Traits().Name, AttentionKind.Dense),
                NumHeads = Size("num_attention_heads"),
                NumKvHeads = Size("num_key_value_heads"),
                HeadDim = headDim,
                PredictorDim = Int("attention_predictor_dim", 0),
                Active = Int("attention_active", 0),
                Window = Window(spans, layers),
                Layers = IsUsual(spans) ? [] : spans,
                LogitSoftcap = Number("attn_logit_softcapping", 50.0),
                QueryPreAttnScalar = scalar == headDim ? null : scalar,
                RopeTheta = RopeTheta(),
                Except = Ranges("attention_except", e => new AttentionOfLayers
                {
                    FirstLayer = e.Int("first_layer"), LastLayer = e.Int("last_layer"), Kind = e.Kind("attention_kind", (AttentionKind kind) => kind.Traits().Name, AttentionKind.Dense),
                    PredictorDim = e.Int("attention_predictor_dim", 0), Active = e.Int("attention_active", 0),
                }),
            },
        };
        foreach (var (prefix, section) in config.Sections()) Check(section, prefix);
        return config;
    }

    // Transformers 5 writes rope_parameters and falls back on rope_theta, which earlier ones write; rope_scaling, also theirs, comes before both.
    private double RopeTheta()
    {
        Require("partial_rotary_factor", 1);
        foreach (string key in (string[])["rope_scaling", "rope_parameters"])
        {
            if (!root.TryGetProperty(key, out var rope) || rope.ValueKind == JsonValueKind.Null) continue;
            if (rope.ValueKind != JsonValueKind.Object) throw Bad(key, "is " + Short(rope), "an object with rope_theta");
            if (rope.GetPropertyCount() == 0) continue;
            foreach (var parameter in rope.EnumerateObject())
                if (parameter.Value.ValueKind == JsonValueKind.Object) throw Bad(key, $"has parameters for {Short(parameter.Name)} alone", "one rotation for all layers");
            var parameters = new SparkConfigReader($"{path} {key}", rope);
            parameters.Refuse("rope_type", "default");
            parameters.Refuse("type", "default");
            parameters.Require("partial_rotary_factor", 1);
            return parameters.Required("rope_theta", rope.TryGetProperty("rope_theta", out _) ? null : Required("rope_theta", DefaultRopeTheta));
        }
        return Required("rope_theta", DefaultRopeTheta);
    }

    // Without a layer that has a window, there may be none.
    private int? Window(AttentionSpan[] spans, int layers)
    {
        if (!root.TryGetProperty("sliding_window", out var window) || window.ValueKind != JsonValueKind.Null) return Int("sliding_window", DefaultWindow);
        int local = Array.IndexOf(spans, AttentionSpan.Local);
        return local < 0 ? null : throw Bad("sliding_window", $"is null, but layer {local} of {layers} is sliding_attention", "a whole number");
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
        if (!root.TryGetProperty("layer_types", out var list) || list.ValueKind == JsonValueKind.Null) return [.. Enumerable.Range(0, Math.Clamp(layers, 0, 1024)).Select(Usual)];
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() != layers) throw Bad("layer_types", "is " + Short(list), $"a list of {layers} entries");
        return [.. list.EnumerateArray().Select(e => e.ToString() switch
        {
            "sliding_attention" => AttentionSpan.Local,
            "full_attention" => AttentionSpan.Global,
            _ => throw Bad("layer_types", $"holds {Short(e)}", "sliding_attention or full_attention"),
        })];
    }

    private static AttentionSpan Usual(int layer) => layer % 2 == 0 ? AttentionSpan.Local : AttentionSpan.Global;

    private static bool IsUsual(AttentionSpan[] spans) => spans.Index().All(s => s.Item == Usual(s.Index));

    private T[] Ranges<T>(string key, Func<SparkConfigReader, T> read)
    {
        if (!root.TryGetProperty(key, out var list)) return [];
        if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.Object)) throw Bad(key, "is " + Short(list), "a list of objects");
        return [.. list.EnumerateArray().Select((e, i) => read(new SparkConfigReader($"{path} {key}[{i}]", e)))];
    }

    private T Kind<T>(string key, Func<T, string> name, T absent) where T : struct, Enum
    {
        if (!root.TryGetProperty(key, out var value)) return absent;
        foreach (var kind in Enum.GetValues<T>())
            if (name(kind) == value.ToString()) return kind;
        throw Bad(key, $"is '{Short(value.ToString())}'", string.Join(", ", Enum.GetValues<T>().Select(name)));
    }

    private int Int(string key, int? absent = null)
    {
        if (!root.TryGetProperty(key, out var value)) return absent ?? throw Bad(key, "is missing", "a whole number");
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number : throw Bad(key, "is " + Short(value), "a whole number");
    }

    private double? Number(string key, double? absent)
    {
        if (!root.TryGetProperty(key, out var value)) return absent ?? throw Bad(key, "is missing", "a number");
        if (value.ValueKind == JsonValueKind.Null) return null;
        return value.ValueKind == JsonValueKind.Number ? value.GetDouble() : throw Bad(key, "is " + Short(value), "a number");
    }

    private double Required(string key, double? absent) => Number(key, absent) ?? throw Bad(key, "is null", "a number");

    private void Require(string key, double supported)
    {
        if (Number(key, supported) is { } found && found != supported) throw Bad(key, FormattableString.Invariant($"is {found}"), FormattableString.Invariant($"{supported}: this model family has nothing else"));
    }

    private bool Flag(string key, bool absent)
    {
        if (!root.TryGetProperty(key, out var value)) return absent;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Bad(key, "is " + Short(value), "true or false");
    }

    private string Text(string key, string absent) => root.TryGetProperty(key, out var value) ? value.ToString() : absent;

    private void Refuse(string key, string supported)
    {
        string found = Text(key, supported);
        if (found != supported) throw Bad(key, $"is {(found.Length == 0 ? "null" : Short(found))}", supported.Length > 0 ? $"{supported}: this model family has nothing else" : "null: this model family has none");
    }

    private static string Short(JsonElement value) => Short(value.GetRawText());

    private static string Short(string text) => HuggingFaceConfig.Short(text);

    private ModelFormatException Bad(string key, string found, string expected) => HuggingFaceConfig.Bad(path, $"{key} {found}", expected);
}
