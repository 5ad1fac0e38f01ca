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
    public static FlopCount Dense(ModelConfig config, double context) => Sum(config, layer => FfnOf(config, layer, 1), layer => DotOf(config, layer, Visible(config, layer, context), double.PositiveInfinity));

    /// <summary>Counts a pass that skips what the masks set to zero, with the model's true dimensions and windows.</summary>
    /// <param name="config">The model.</param>
    /// <param name="context">Keys that a global layer sees; local layers see at most their window.</param>
    /// <param name="activeFraction">Share of non-zero FFN neurons of each layer, as measured; null means the configured k / d_ff.</param>
    /// <param name="keysKept">Keys kept per query of each layer, as measured; null means the configured k.</param>
    public static FlopCount Sparse(ModelConfig config, double context, IReadOnlyList<double>? activeFraction = null, IReadOnlyList<double>? keysKept = null) => Sum(config,
        layer => FfnOf(config, layer, activeFraction?[layer] ?? ConfiguredFraction(config.Ffn.Of(layer))),
        layer => DotOf(config, layer, Visible(config, layer, context), keysKept?[layer] ?? ConfiguredKeys(config.Attention.Of(layer))));

    /// <summary>
    /// Counts by the paper's Table C.1: head widths that sum to d_model, every layer at <paramref name="context"/>, predictors half as wide as what they read.
    /// No LM head.
    /// </summary>
    /// <param name="config">The model.</param>
    /// <param name="context">Keys that every layer sees, n_ctx.</param>
    /// <param name="sparse">False counts the same model computed densely.</param>
    public static FlopCount PaperTable(ModelConfig config, double context, bool sparse)
    {
        double d = config.DModel;
        var layers = Enumerable.Range(0, config.NumLayers);
        return new(layers.Sum(Ffn), layers.Sum(Dot), 8 * d * d * config.NumLayers, 0);

        // The table writes a gated FFN of width d_ff' as the equal-parameter 1.5 d_ff'.
        double Ffn(int layer) => config.Ffn.Of(layer) is var ffn && ffn.Kind.Traits().HasPredictor
            ? (sparse ? d * ffn.DFf + 3 * d * ffn.Active : 4 * d * ffn.DFf)
            : 6 * d * ffn.DFf;

        double Dot(int layer) => sparse && config.Attention.Of(layer) is var attention && attention.Kind.Traits().HasPredictor ? d * context + 3 * d * Math.Min(attention.Active, context) : 4 * d * context;
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
    /// and the rest for the keys that are computed with, because the attention kernel skips what the mask drops.
    /// </summary>
    /// <param name="config">The model.</param>
    /// <param name="seqLen">Length of the sequence.</param>
    /// <param name="keysTouched">Keys that a query of each layer is computed with once the kept ones are known, as measured; null means the configured k.</param>
    public static FlopCount Forward(ModelConfig config, int seqLen, IReadOnlyList<double>? keysTouched = null) => Sum(config,
        layer => FfnOf(config, layer, 1),
        layer => DotOf(config, layer, MeanVisibleKeys(seqLen, config.Attention.WindowOf(layer)), Touched(config, layer, keysTouched)));

    /// <summary>
    /// Counts the backward pass of a training sequence, a token's mean: two products for each of the forward pass, but of the predictor scores only those of
    /// the keys that are computed with, for no gradient comes from the others. What is computed anew because it was not kept does not count.
    /// </summary>
    /// <param name="config">The model.</param>
    /// <param name="seqLen">Length of the sequence.</param>
    /// <param name="keysTouched">As in <see cref="Forward"/>.</param>
    public static FlopCount Backward(ModelConfig config, int seqLen, IReadOnlyList<double>? keysTouched = null)
    {
        var once = Sum(config, layer => FfnOf(config, layer, 1), layer =>
        {
            double keys = Math.Min(MeanVisibleKeys(seqLen, config.Attention.WindowOf(layer)), Touched(config, layer, keysTouched));
            return DotOf(config, layer, keys, keys);
        });
        return new(2 * once.Ffn, 2 * once.AttentionDot, 2 * once.AttentionProjections, 2 * once.LmHead);
    }

    /// <summary>Counts what of <see cref="Forward"/>'s pass the masks leave, a token's mean: what a decoder that skips the rest has to compute.</summary>
    /// <param name="config">The model.</param>
    /// <param name="seqLen">Length of the sequence.</param>
    /// <param name="activeFraction">Share of non-zero FFN neurons of each layer, as measured.</param>
    /// <param name="keysKept">Keys kept per query of each layer, as measured.</param>
    public static FlopCount Useful(ModelConfig config, int seqLen, IReadOnlyList<double> activeFraction, IReadOnlyList<double> keysKept) => Sum(config,
        layer => FfnOf(config, layer, activeFraction[layer]),
        layer => DotOf(config, layer, MeanVisibleKeys(seqLen, config.Attention.WindowOf(layer)), keysKept[layer]));

    private static FlopCount Sum(ModelConfig config, Func<int, double> ffn, Func<int, double> dot)
    {
        var (a, layers) = (config.Attention, Enumerable.Range(0, config.NumLayers));
        double d = config.DModel, projections = 2 * d * a.HeadDim * (2.0 * a.NumHeads + 2.0 * a.NumKvHeads);
        return new(layers.Sum(ffn), layers.Sum(dot), projections * config.NumLayers, 2 * d * config.VocabSize);
    }

    // What picks the neurons is computed for all of them, the rest for the active ones.
    private static double FfnOf(ModelConfig config, int layer, double activeFraction)
    {
        var ffn = config.Ffn.Of(layer);
        double d = config.DModel;
        return ffn.DFf * (2.0 * ffn.ScoredWidth(config.DModel) + 2 * (ffn.CarriedWidth(config.DModel) + d) * activeFraction);
    }

    // Scores that select are computed for all n keys; the rest of the score and the values for the kept ones.
    private static double DotOf(ModelConfig config, int layer, double n, double keysKept)
    {
        var a = config.Attention.Of(layer);
        double kept = Math.Min(n, keysKept), e = a.HeadDim, scored = a.ScoredWidth();
        return a.NumHeads * (2 * scored * n + 2 * (e - scored) * kept + 2 * e * kept);
    }

    private static double Touched(ModelConfig config, int layer, IReadOnlyList<double>? keysTouched) => keysTouched?[layer] ?? ConfiguredKeys(config.Attention.Of(layer));

    private static double Visible(ModelConfig config, int layer, double context) => Math.Min(context, config.Attention.WindowOf(layer) ?? double.PositiveInfinity);

    private static double ConfiguredFraction(FfnConfig ffn) => ffn.HasTopk() ? (double)ffn.Active / ffn.DFf : 1;

    private static double ConfiguredKeys(AttentionConfig attention) => attention.HasTopk() ? attention.Active : double.PositiveInfinity;
}
