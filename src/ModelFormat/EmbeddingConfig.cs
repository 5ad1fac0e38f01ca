namespace SparkTrain.ModelFormat;

/// <summary>The embedding table and the head.</summary>
public sealed record EmbeddingConfig
{
    /// <summary>True multiplies a token's row by √DModel on its way in.</summary>
    public bool ScaleByRootD { get; init; } = true;

    /// <summary>True uses the table as the head as well; false gives the head a matrix of its own.</summary>
    public bool TiedHead { get; init; } = true;
}
