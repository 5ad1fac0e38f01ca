using SparkTrain.Numerics;

namespace SparkTrain.ModelFormat;

/// <summary>What computes the feed-forward network.</summary>
public enum FfnKind
{
    /// <summary>Gemma-2: V (gelu(K1ᵀq) ∘ K2ᵀq).</summary>
    Gated,

    /// <summary>The same with ReLU in place of GELU.</summary>
    GatedRelu,

    /// <summary>The same with squared ReLU.</summary>
    GatedRelu2,

    /// <summary>The same with SiLU, x · sigmoid(x) (SwiGLU, arXiv 2002.05202).</summary>
    GatedSilu,

    /// <summary>Statistical top-k before the GELU of a gated FFN (paper eq. C.2).</summary>
    GatedTopk,

    /// <summary>Spark FFN: the scores come from the first r coordinates only (paper eq. 5).</summary>
    Spark,
}

/// <summary>What follows from a kind of feed-forward network.</summary>
/// <param name="Name">Its name in a model folder's config.json.</param>
/// <param name="Activation">The non-linearity on the scores.</param>
/// <param name="HasTopk">True where statistical top-k picks the neurons.</param>
/// <param name="HasPredictor">True where the scores come from part of the input, and what they are multiplied by from the rest.</param>
public sealed record FfnTraits(string Name, ActivationKind Activation, bool HasTopk = false, bool HasPredictor = false)
{
    /// <summary>True where a token leaves some neurons inactive: then a decoder may skip them.</summary>
    public bool LeavesNeuronsOut => HasTopk || Activation.IsZeroBelow();
}

/// <summary>The one table of kinds of feed-forward networks.</summary>
public static class FfnKinds
{
    /// <summary>Returns what follows from a kind.</summary>
    public static FfnTraits Traits(this FfnKind kind) => kind switch
    {
        FfnKind.Gated => Gated,
        FfnKind.GatedRelu => GatedRelu,
        FfnKind.GatedRelu2 => GatedRelu2,
        FfnKind.GatedSilu => GatedSilu,
        FfnKind.GatedTopk => GatedTopk,
        FfnKind.Spark => Spark,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "a kind of feed-forward network without a rule"),
    };

    private static FfnTraits Gated { get; } = new("gated", ActivationKind.Gelu);
    private static FfnTraits GatedRelu { get; } = new("gated_relu", ActivationKind.Relu);
    private static FfnTraits GatedRelu2 { get; } = new("gated_relu2", ActivationKind.SquaredRelu);
    private static FfnTraits GatedSilu { get; } = new("gated_silu", ActivationKind.Silu);
    private static FfnTraits GatedTopk { get; } = new("gated_topk", ActivationKind.Gelu, HasTopk: true);
    private static FfnTraits Spark { get; } = new("spark", ActivationKind.Gelu, HasTopk: true, HasPredictor: true);
}
