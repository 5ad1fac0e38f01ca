using System.Text.Json.Nodes;

namespace SparkTrain.ModelFormat;

/// <summary>Renders the config.json of a Spark or Gemma-2 model: Gemma-2's keys, seven more for the sparse kinds, and some more where a model differs from the paper's in other ways.</summary>
public static class SparkConfigWriter
{
    internal const string Activation = "gelu_pytorch_tanh";

    private static readonly string[] FloatKeys = ["attn_logit_softcapping", "final_logit_softcapping", "rms_norm_eps", "rope_theta", "attention_dropout"];

    /// <summary>Renders the config.json of a model.</summary>
    public static string Write(ModelConfig config, TensorType type) => HuggingFaceConfig.Text(Keys(config, type));

    /// <summary>Renders the config.json of a model that is exactly Gemma-2, as Hugging Face names it, so that its tools run the model.</summary>
    /// <param name="config">A model without <see cref="Gemma2Form.Problem"/>.</param>
    /// <param name="type">Type of the weights.</param>
    /// <param name="bos">The token that begins a document, where there is one.</param>
    /// <param name="eos">The token that ends a document, where it is known.</param>
    public static string WriteGemma2(ModelConfig config, TensorType type, int? bos, int? eos)
    {
        var json = Keys(config, type);
        json["architectures"] = new JsonArray("Gemma2ForCausalLM");
        json["model_type"] = "gemma2";
        // Hugging Face reads a whole number as an int, and takes no int where it wants a float.
        foreach (string key in FloatKeys)
            if (json[key] is { } value) json[key] = Float(value.GetValue<double>());
        foreach (string key in json.Select(entry => entry.Key).Where(IsOurs).ToList()) json.Remove(key);
        (json["bos_token_id"], json["eos_token_id"], json["pad_token_id"]) = (bos, eos, null);
        return HuggingFaceConfig.Text(json);
    }

    // The keys that Gemma-2 has not.
    private static bool IsOurs(string key) =>
        key.StartsWith("ffn_", StringComparison.Ordinal) || key.StartsWith("topk_", StringComparison.Ordinal) || key is "attention_kind" or "attention_predictor_dim" or "attention_active" or "attention_except";

    private static JsonNode Float(double value)
    {
        string text = value.ToString("R", System.Globalization.CultureInfo.InvariantCulture);
        return JsonNode.Parse(text.AsSpan().ContainsAny('.', 'E') ? text : text + ".0")!;
    }

    private static JsonObject Keys(ModelConfig config, TensorType type)
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
            ["rms_norm_eps"] = config.Norm.Eps,
            ["rope_theta"] = a.RopeTheta,
            ["max_position_embeddings"] = config.MaxSeqLen,
            ["hidden_activation"] = Activation,
            ["tie_word_embeddings"] = config.Embedding.TiedHead,
            ["attention_bias"] = config.Bias,
            ["attention_dropout"] = 0.0,
            ["torch_dtype"] = HuggingFaceConfig.NameOf(type),
            ["ffn_kind"] = config.Ffn.Kind.Traits().Name,
            ["ffn_predictor_dim"] = config.Ffn.PredictorDim,
            ["ffn_active"] = config.Ffn.Active,
            ["attention_kind"] = a.Kind.Traits().Name,
            ["attention_predictor_dim"] = a.PredictorDim,
            ["attention_active"] = a.Active,
            ["topk_std_correction"] = config.TopkStdCorrection,
        };
        if (config.TopkSelector != TopkSelector.Statistical) json["topk_selector"] = SelectorName(config.TopkSelector);
        if (config.Ffn.HuberDelta != 0) json["ffn_huber_delta"] = config.Ffn.HuberDelta;
        if (config.Bias) json["mlp_bias"] = true;
        if (!config.Embedding.ScaleByRootD) json["scale_embedding"] = false;
        if (config.Norm.Placement != NormPlacement.Sandwich) json["norm_placement"] = PlacementName(config.Norm.Placement);
        if (config.Ffn.Except.Count > 0) json["ffn_except"] = new JsonArray([.. config.Ffn.Except.Select(Layers)]);
        if (config.Attention.Except.Count > 0) json["attention_except"] = new JsonArray([.. config.Attention.Except.Select(Layers)]);
        return json;
    }

    private static JsonNode Layers(FfnOfLayers e)
    {
        var layers = new JsonObject
        {
            ["first_layer"] = e.FirstLayer, ["last_layer"] = e.LastLayer, ["ffn_kind"] = e.Kind.Traits().Name, ["ffn_predictor_dim"] = e.PredictorDim, ["ffn_active"] = e.Active,
        };
        if (e.DFf is { } neurons) layers["intermediate_size"] = neurons;
        if (e.HuberDelta != 0) layers["ffn_huber_delta"] = e.HuberDelta;
        return layers;
    }

    private static JsonNode Layers(AttentionOfLayers e) => new JsonObject
    {
        ["first_layer"] = e.FirstLayer, ["last_layer"] = e.LastLayer, ["attention_kind"] = e.Kind.Traits().Name, ["attention_predictor_dim"] = e.PredictorDim, ["attention_active"] = e.Active,
    };

    internal static string SelectorName(TopkSelector selector) => selector switch
    {
        TopkSelector.Statistical => "statistical",
        TopkSelector.Exact => "exact",
        _ => throw new ArgumentOutOfRangeException(nameof(selector), selector, "a selector without a name"),
    };

    internal static string PlacementName(NormPlacement placement) => placement switch
    {
        NormPlacement.Sandwich => "sandwich",
        NormPlacement.Pre => "pre",
        _ => throw new ArgumentOutOfRangeException(nameof(placement), placement, "a placement without a name"),
    };
}
