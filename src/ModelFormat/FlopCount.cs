namespace SparkTrain.ModelFormat;

/// <summary>
/// Floating-point operations of one forward pass for one token, summed over the layers; a multiply-add counts two. Embedding look-up, norms
/// and non-linearities are left out, as in the paper's Table C.1.
/// </summary>
/// <param name="Ffn">Feed-forward products.</param>
/// <param name="AttentionDot">Query-key and weight-value products.</param>
/// <param name="AttentionProjections">Query, key, value and output projections.</param>
/// <param name="LmHead">The product with the unembedding.</param>
public sealed record FlopCount(double Ffn, double AttentionDot, double AttentionProjections, double LmHead)
{
    /// <summary>All layers, without the LM head.</summary>
    public double Layers => Ffn + AttentionDot + AttentionProjections;

    /// <summary>Everything.</summary>
    public double Total => Layers + LmHead;

    /// <summary>Counts a pass that computes every product, with the model's true dimensions and windows.</summary>
    /// <param name="config">The model.</param>
    /// <param name="context">Keys that a global layer sees; local layers see at most their window.</param>
    public static FlopCount Dense(ModelConfig config, double context) => Count(config, context, config.Ffn.DFf, double.PositiveInfinity);

    /// <summary>Counts a pass that skips what the masks set to zero, with the model's true dimensions and windows.</summary>
    /// <param name="config">The model.</param>
    /// <param name="context">Keys that a global layer sees; local layers see at most their window.</param>
    /// <param name="activeFraction">Share of non-zero FFN neurons, for example as measured; null means the configured k / d_ff.</param>
    /// <param name="keysKept">Keys kept per query, for example as measured; null means the configured k.</param>
    public static FlopCount Sparse(ModelConfig config, double context, double? activeFraction = null, double? keysKept = null) =>
        Count(config, context,
            config.Ffn.HasTopk() ? (activeFraction ?? (double)config.Ffn.Active / config.Ffn.DFf) * config.Ffn.DFf : config.Ffn.DFf,
            config.Attention.HasTopk() ? keysKept ?? config.Attention.Active : double.PositiveInfinity);

    /// <summary>
    /// Counts by the paper's Table C.1: head widths that sum to d_model, every layer at <paramref name="context"/>, predictors half as wide as what they read.
    /// No LM head.
    /// </summary>
    /// <param name="config">The model.</param>
    /// <param name="context">Keys that every layer sees, n_ctx.</param>
    /// <param name="sparse">False counts the same model computed densely.</param>
    public static FlopCount PaperTable(ModelConfig config, double context, bool sparse)
    {
        double d = config.DModel, f = config.Ffn.DFf, layers = config.NumLayers;
        bool spark = config.Ffn.Kind == FfnKind.Spark;
        // The table writes a gated FFN of width d_ff' as the equal-parameter 1.5 d_ff'.
        double ffn = sparse && spark ? d * f + 3 * d * config.Ffn.Active : 4 * d * (spark ? f : 1.5 * f);
        double dot = sparse && config.Attention.Kind == AttentionKind.Spark ? d * context + 3 * d * Math.Min(config.Attention.Active, context) : 4 * d * context;
        return new(ffn * layers, dot * layers, 8 * d * d * layers, 0);
    }

    /// <summary>The mean number of keys that a query of a causal sequence sees.</summary>
    /// <param name="seqLen">Length of the sequence.</param>
    /// <param name="window">Keys that the layer looks back on, or null.</param>
    public static double MeanVisibleKeys(int seqLen, int? window)
    {
        double w = Math.Min(window ?? seqLen, seqLen);
        return (w * (w + 1) / 2 + (seqLen - w) * w) / seqLen;
    }

    /// <summary>
    /// Counts the forward pass of a training sequence, a token's mean: every FFN product; in attention the predictor scores of all visible keys,
    /// and the rest for the kept ones only, because the attention kernel skips what the mask drops.
    /// </summary>
    public static FlopCount Training(ModelConfig config, int seqLen, double keysKept)
    {
        var a = config.Attention;
        double dot = Enumerable.Range(0, config.NumLayers)
            .Sum(i => Dot(a, MeanVisibleKeys(seqLen, a.WindowOf(i)), a.HasTopk() ? keysKept : double.PositiveInfinity));
        return Dense(config, seqLen) with { AttentionDot = dot };
    }

    private static FlopCount Count(ModelConfig config, double context, double active, double keysKept)
    {
        double d = config.DModel, f = config.Ffn.DFf, r = config.Ffn.PredictorDim;
        var a = config.Attention;
        double ffn = config.Ffn.Kind == FfnKind.Spark
            ? 2 * r * f + 2 * (d - r) * active + 2 * d * active
            : 2 * d * f + 4 * d * active;
        double dot = Enumerable.Range(0, config.NumLayers).Sum(i => Dot(a, Math.Min(context, a.WindowOf(i) ?? double.PositiveInfinity), keysKept));
        double projections = 2 * d * a.HeadDim * (2.0 * a.NumHeads + 2.0 * a.NumKvHeads);
        return new(ffn * config.NumLayers, dot, projections * config.NumLayers, 2 * d * config.VocabSize);
    }

    // Scores that select are computed for all n keys; the rest of the score and the values for the kept ones.
    private static double Dot(AttentionConfig a, double n, double keysKept)
    {
        double kept = Math.Min(n, keysKept), e = a.HeadDim;
        double scored = a.Kind == AttentionKind.Spark ? a.PredictorDim : e;
        return a.NumHeads * (2 * scored * n + 2 * (e - scored) * kept + 2 * e * kept);
    }
}
