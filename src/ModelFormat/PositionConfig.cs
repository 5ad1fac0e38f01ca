namespace SparkTrain.ModelFormat;

/// <summary>What a model knows of the place of a token.</summary>
public sealed record PositionConfig
{
    /// <summary>How it knows it: Rotary (base Attention.RopeTheta).</summary>
    public PositionKind Kind { get; init; }
}

/// <summary>How a model knows the place of a token.</summary>
public enum PositionKind
{
    /// <summary>Queries and keys are turned by angles in proportion to it (RoPE, arXiv 2104.09864).</summary>
    Rotary,
}
