namespace SparkTrain.ModelFormat;

/// <summary>
/// The weights of a model, by the names that Hugging Face gives Gemma-2. Spark re-uses them: gate_proj holds K1ᵀ [d_ff, r],
/// up_proj K2ᵀ [d_ff, d_model − r], down_proj V [d_model, d_ff].
/// </summary>
public static class TensorNames
{
    /// <summary>The tied embedding table [vocab, d_model].</summary>
    public const string Embedding = "model.embed_tokens.weight";

    /// <summary>The final norm's weight [d_model].</summary>
    public const string FinalNorm = "model.norm.weight";

    /// <summary>The head's weight, which files of a tied model may repeat beside the embedding.</summary>
    public const string Head = "lm_head.weight";

    private const string Prefix = "model.";

    /// <summary>True where weights bear the names that they have in the class without a head, as embedding models are saved: <c>embed_tokens.weight</c>, <c>layers.0.…</c>.</summary>
    public static bool LackPrefix(IReadOnlyCollection<string> names) =>
        names.Contains(Embedding[Prefix.Length..]) && !names.Any(name => name.StartsWith(Prefix, StringComparison.Ordinal));

    /// <summary>The name that such a weight has in a model with a head.</summary>
    public static string WithPrefix(string name) => name == Head ? name : Prefix + name;

    /// <summary>True for what older versions of transformers and converters save beside the weights although it follows from config.json: the frequencies of the rotary embedding and tables of them.</summary>
    public static bool IsBuffer(string name) => name.Split('.') is [.., "rotary_emb", "inv_freq" or "original_inv_freq" or "cos_cached" or "sin_cached"];

    /// <summary>The name of a weight of layer <paramref name="layer"/>, for example <c>Layer(0, "mlp.gate_proj")</c>.</summary>
    public static string Layer(int layer, string weight) => $"{LayerPrefix(layer)}{weight}.weight";

    /// <summary>How the names of all weights of layer <paramref name="layer"/> begin.</summary>
    public static string LayerPrefix(int layer) => $"model.layers.{layer}.";

    /// <summary>Lists every weight of a model with its shape, in the order of the forward pass.</summary>
    public static IReadOnlyList<(string Name, long[] Shape)> Of(ModelConfig config)
    {
        long d = config.DModel, e = config.Attention.HeadDim;
        long q = config.Attention.NumHeads * e, kv = config.Attention.NumKvHeads * e;
        var names = new List<(string, long[])> { (Embedding, [config.VocabSize, d]) };
        for (int i = 0; i < config.NumLayers; i++)
        {
            var ffn = config.Ffn.Of(i);
            bool spark = ffn.Kind == FfnKind.Spark;
            names.Add((Layer(i, "input_layernorm"), [d]));
            names.Add((Layer(i, "self_attn.q_proj"), [q, d]));
            names.Add((Layer(i, "self_attn.k_proj"), [kv, d]));
            names.Add((Layer(i, "self_attn.v_proj"), [kv, d]));
            names.Add((Layer(i, "self_attn.o_proj"), [d, q]));
            names.Add((Layer(i, "post_attention_layernorm"), [d]));
            names.Add((Layer(i, "pre_feedforward_layernorm"), [d]));
            names.Add((Layer(i, "mlp.gate_proj"), [ffn.DFf, spark ? ffn.PredictorDim : d]));
            names.Add((Layer(i, "mlp.up_proj"), [ffn.DFf, spark ? d - ffn.PredictorDim : d]));
            names.Add((Layer(i, "mlp.down_proj"), [d, ffn.DFf]));
            names.Add((Layer(i, "post_feedforward_layernorm"), [d]));
        }
        names.Add((FinalNorm, [d]));
        return names;
    }
}
