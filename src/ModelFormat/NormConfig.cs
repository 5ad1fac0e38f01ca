using System.ComponentModel.DataAnnotations;
using SparkTrain.Input;

namespace SparkTrain.ModelFormat;

/// <summary>The norms of a model.</summary>
public sealed record NormConfig
{
    /// <summary>Which norm: RmsUnitOffset.</summary>
    public NormKind Kind { get; init; }

    /// <summary>ε, added to the mean square.</summary>
    [Range(1e-12, 1.0), FormerKey("RmsNormEps")]
    public double Eps { get; init; } = 1e-6;

    /// <summary>Where a block has norms: Sandwich (Gemma-2), or Pre.</summary>
    public NormPlacement Placement { get; init; }
}

/// <summary>What a norm computes.</summary>
public enum NormKind
{
    /// <summary>Gemma-2: y = x / √(mean(x²) + ε) ∘ (1 + w).</summary>
    RmsUnitOffset,
}

/// <summary>Where a block has norms.</summary>
public enum NormPlacement
{
    /// <summary>Before and behind attention and feed-forward network: h = x + norm(attention(norm(x))), y = h + norm(ffn(norm(h))).</summary>
    Sandwich,

    /// <summary>Before them only: h = x + attention(norm(x)), y = h + ffn(norm(h)).</summary>
    Pre,
}
