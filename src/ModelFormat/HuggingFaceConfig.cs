using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SparkTrain.ModelFormat;

/// <summary>Maps <see cref="ModelConfig"/> to and from a Hugging Face <c>config.json</c>: Gemma-2's keys, and seven more for the sparse kinds.</summary>
public static class HuggingFaceConfig
{
    private const string Activation = "gelu_pytorch_tanh";

    /// <summary>Reads a config.json of a Spark or Gemma-2 model.</summary>
    /// <exception cref="ModelFormatException">The file is missing or not JSON, a key is missing or of the wrong type, or it asks for something that this model family lacks.</exception>
    public static ModelConfig Read(string path)
    {
        JsonElement root;
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            root = document.RootElement.Clone();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new ModelFormatException(path, $"it cannot be read ({e.Message.TrimEnd('.')})", "the config.json of a model folder", "check the path", e);
        }
        return new Reader(path, root).Model();
    }

    /// <summary>Renders the config.json of a model.</summary>
    public static string Write(ModelConfig config, TensorType type)
    {
        var a = config.Attention;
        var json = new JsonObject
        {
            ["architectures"] = new JsonArray("SparkForCausalLM"),
            ["model_type"] = "spark",
            ["vocab_size"] = config.VocabSize,
            ["hidden_size"] = config.DModel,
            ["intermediate_size"] = config.Ffn.DFf,
            ["num_hidden_layers"] = config.NumLayers,
            ["num_attention_heads"] = a.NumHeads,
            ["num_key_value_heads"] = a.NumKvHeads,
            ["head_dim"] = a.HeadDim,
            ["query_pre_attn_scalar"] = a.QueryPreAttnScalar ?? a.HeadDim,
            ["sliding_window"] = a.Window,
            ["layer_types"] = new JsonArray([.. Enumerable.Range(0, config.NumLayers).Select(i => (JsonNode)(a.SpanOf(i) == AttentionSpan.Local ? "sliding_attention" : "full_attention"))]),
            ["attn_logit_softcapping"] = a.LogitSoftcap,
            ["final_logit_softcapping"] = config.FinalLogitSoftcap,
            ["rms_norm_eps"] = config.RmsNormEps,
            ["rope_theta"] = a.RopeTheta,
            ["max_position_embeddings"] = config.MaxSeqLen,
            ["hidden_activation"] = Activation,
            ["tie_word_embeddings"] = true,
            ["attention_bias"] = false,
            ["attention_dropout"] = 0.0,
            ["torch_dtype"] = type switch { TensorType.BF16 => "bfloat16", TensorType.F16 => "float16", _ => "float32" },
            ["ffn_kind"] = FfnName(config.Ffn.Kind),
            ["ffn_predictor_dim"] = config.Ffn.PredictorDim,
            ["ffn_active"] = config.Ffn.Active,
            ["attention_kind"] = AttentionName(a.Kind),
            ["attention_predictor_dim"] = a.PredictorDim,
            ["attention_active"] = a.Active,
            ["topk_std_correction"] = config.TopkStdCorrection,
        };
        return json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }

    private static string FfnName(FfnKind kind) => kind switch
    {
        FfnKind.Gated => "gated",
        FfnKind.GatedRelu => "gated_relu",
        FfnKind.GatedRelu2 => "gated_relu2",
        FfnKind.GatedTopk => "gated_topk",
        _ => "spark",
    };

    private static string AttentionName(AttentionKind kind) => kind switch
    {
        AttentionKind.Dense => "dense",
        AttentionKind.Topk => "topk",
        _ => "spark",
    };

    private sealed class Reader(string path, JsonElement root)
    {
        public ModelConfig Model()
        {
            if (root.ValueKind != JsonValueKind.Object) throw Bad("the file", "holds no JSON object", "the config.json of a model folder");
            string type = Text("model_type", "");
            if (type is not ("spark" or "gemma2")) throw Bad("model_type", $"is '{type}'", "spark or gemma2");
            Refuse("hidden_activation", Activation);
            Refuse("tie_word_embeddings", "True");
            Refuse("attention_bias", "False");
            Refuse("rope_scaling", "");
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
                Ffn = new()
                {
                    Kind = Kind("ffn_kind", FfnName, FfnKind.Gated),
                    DFf = Int("intermediate_size"),
                    PredictorDim = Int("ffn_predictor_dim", 0),
                    Active = Int("ffn_active", 0),
                },
                Attention = new()
                {
                    Kind = Kind("attention_kind", AttentionName, AttentionKind.Dense),
                    NumHeads = Int("num_attention_heads"),
                    NumKvHeads = Int("num_key_value_heads"),
                    HeadDim = headDim,
                    PredictorDim = Int("attention_predictor_dim", 0),
                    Active = Int("attention_active", 0),
                    Window = Int("sliding_window", 4096),
                    Layers = Spans(layers),
                    LogitSoftcap = Number("attn_logit_softcapping", 50.0),
                    QueryPreAttnScalar = scalar == headDim ? null : scalar,
                    RopeTheta = Number("rope_theta", 10_000) ?? 10_000,
                },
            };
            Check(config, "");
            Check(config.Ffn, "Ffn.");
            Check(config.Attention, "Attention.");
            return config;
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
}
