using SparkTrain.ModelFormat;

namespace SparkTrain.Trainer;

/// <summary>How sparse a layer was, and how sparse it was to be.</summary>
/// <param name="FfnActiveFraction">Share of non-zero FFN units.</param>
/// <param name="FfnTarget">The share that the configuration asks for; null where the FFN has no top-k.</param>
/// <param name="AttentionKept">Keys kept a query, a mean: a query near the beginning has few.</param>
/// <param name="AttentionTarget">Keys that the configuration aims at for a query that sees as many; null where attention has no top-k.</param>
public sealed record LayerSparsity(double FfnActiveFraction, double? FfnTarget, double AttentionKept, double? AttentionTarget)
{
    /// <summary>The layers of a logged step; none where it was not measured.</summary>
    public static IReadOnlyList<LayerSparsity> Of(ModelConfig model, StepMetrics? logged)
    {
        if (logged is not { FfnActiveFractionByLayer: { } active, AttentionKeptByLayer: { } kept }) return [];
        return [.. active.Zip(kept).Select((layer, index) => new LayerSparsity(layer.First, Target(model.Ffn.Of(index)), layer.Second, Target(model.Attention.Of(index))))];
    }

    private static double? Target(FfnConfig ffn) => ffn.HasTopk() ? (double)ffn.Active / ffn.DFf : null;

    private static double? Target(AttentionConfig attention) => attention.HasTopk() ? attention.Active : null;
}
