using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SparkTrain.ModelFormat;

/// <summary>
/// Maps <see cref="ModelConfig"/> to and from a Hugging Face <c>config.json</c>: Gemma-2's keys, seven more for the sparse kinds, and up to four more where layers differ or
/// top-k is not the paper's.
/// </summary>
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
        if (config.TopkSelector != TopkSelector.Statistical) json["topk_selector"] = SelectorName(config.TopkSelector);
        if (config.Ffn.HuberDelta != 0) json["ffn_huber_delta"] = config.Ffn.HuberDelta;
        if (config.Ffn.Except.Count > 0) json["ffn_except"] = new JsonArray([.. config.Ffn.Except.Select(Layers)]);
        if (config.Attention.Except.Count > 0) json["attention_except"] = new JsonArray([.. config.Attention.Except.Select(Layers)]);
        return json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }

    private static JsonNode Layers(FfnOfLayers e)
    {
        var layers = new JsonObject
        {
            ["first_layer"] = e.FirstLayer, ["last_layer"] = e.LastLayer, ["ffn_kind"] = FfnName(e.Kind), ["ffn_predictor_dim"] = e.PredictorDim, ["ffn_active"] = e.Active,
        };
        if (e.DFf is { } neurons) layers["intermediate_size"] = neurons;
        if (e.HuberDelta != 0) layers["ffn_huber_delta"] = e.HuberDelta;
        return layers;
    }

    private static JsonNode Layers(AttentionOfLayers e) => new JsonObject
    {
        ["first_layer"] = e.FirstLayer, ["last_layer"] = e.LastLayer, ["attention_kind"] = AttentionName(e.Kind), ["attention_predictor_dim"] = e.PredictorDim, ["attention_active"] = e.Active,
    };

    private static string SelectorName(TopkSelector selector) => selector == TopkSelector.Exact ? "exact" : "statistical";

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
        private readonly JsonElement root = root;

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
                TopkSelector = Kind("topk_selector", SelectorName, TopkSelector.Statistical),
                Ffn = new()
                {
                    Kind = Kind("ffn_kind", FfnName, FfnKind.Gated),
                    DFf = Int("intermediate_size"),
                    PredictorDim = Int("ffn_predictor_dim", 0),
                    Active = Int("ffn_active", 0),
                    HuberDelta = Number("ffn_huber_delta", 0) ?? 0,
                    Except = Ranges("ffn_except", e => new FfnOfLayers
                    {
                        FirstLayer = e.Int("first_layer"), LastLayer = e.Int("last_layer"), Kind = e.Kind("ffn_kind", FfnName, FfnKind.Gated),
                        DFf = e.root.TryGetProperty("intermediate_size", out _) ? e.Int("intermediate_size") : null,
                        PredictorDim = e.Int("ffn_predictor_dim", 0), Active = e.Int("ffn_active", 0), HuberDelta = e.Number("ffn_huber_delta", 0) ?? 0,
                    }),
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
                    Except = Ranges("attention_except", e => new AttentionOfLayers
                    {
                        FirstLayer = e.Int("first_layer"), LastLayer = e.Int("last_layer"), Kind = e.Kind("attention_kind", AttentionName, AttentionKind.Dense),
                        PredictorDim = e.Int("attention_predictor_dim", 0), Active = e.Int("attention_active", 0),
                    }),
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

        private T[] Ranges<T>(string key, Func<Reader, T> read)
        {
            if (!root.TryGetProperty(key, out var list)) return [];
            if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.Object)) throw Bad(key, "is " + list.GetRawText(), "a list of objects");
            return [.. list.EnumerateArray().Select((e, i) => read(new Reader($"{path} {key}[{i}]", e)))];
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
