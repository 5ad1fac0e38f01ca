using System.ComponentModel.DataAnnotations;

namespace SparkTrain.Trainer;

/// <summary>What updates the weights.</summary>
public sealed record OptimizerConfig
{
    /// <summary>Which optimizer: AdamW.</summary>
    public OptimizerKind Kind { get; init; }

    /// <summary>Decay of the gradient's running mean.</summary>
    [Range(0.0, 0.999999)]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the squared gradient's running mean.</summary>
    [Range(0.0, 0.999999)]
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Added to the root of the squared gradient's mean.</summary>
    [Range(1e-20, 1.0)]
    public double Eps { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay of matrices; norm weights are not decayed.</summary>
    [Range(0.0, 10.0)]
    public double WeightDecay { get; init; } = 0.1;
}

/// <summary>What an update is computed by.</summary>
public enum OptimizerKind
{
    /// <summary>AdamW (Loshchilov and Hutter, arXiv 1711.05101).</summary>
    AdamW,
}

/// <summary>What follows from a kind of optimizer without computing with it.</summary>
public static class OptimizerKinds
{
    /// <summary>The names of its state: for each a float32 number a weight, saved as <c>optimizer.{name}.{weight}</c>.</summary>
    public static IReadOnlyList<string> Slots(this OptimizerKind kind) => kind switch
    {
        OptimizerKind.AdamW => ["m", "v"],
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "an optimizer without a rule"),
    };
}
