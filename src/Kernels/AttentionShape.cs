namespace SparkTrain.Kernels;

/// <summary>What an attention operator must know besides its tensors.</summary>
public sealed record AttentionShape
{
    /// <summary>Dense, Topk or Spark.</summary>
    public required AttentionKind Kind { get; init; }

    /// <summary>Coordinates of a head that the predictor reads, r; 0 where there is none.</summary>
    public int PredictorDim { get; init; }

    /// <summary>Keys that a query aims to keep, k; 0 where all are kept.</summary>
    public int Active { get; init; }

    /// <summary>The variance of the scores divides by n − this.</summary>
    public int Correction { get; init; }

    /// <summary>How the keys are picked.</summary>
    public TopkSelector Selector { get; init; }

    /// <summary>Scores become c·tanh(score / c); null leaves them.</summary>
    public double? Softcap { get; init; }

    /// <summary>Key j is visible to query i where i − j &lt; Window; null sees all earlier keys.</summary>
    public int? Window { get; init; }

    /// <summary>Position of query 0 among the keys: query t sits at key FirstPosition + t.</summary>
    public int FirstPosition { get; init; }
}
