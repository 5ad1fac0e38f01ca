using SparkTrain.Model;

namespace SparkTrain.Trainer;

/// <summary>What a look at single scores has found, each number by layer; null where a layer does not choose.</summary>
public sealed record SparsityMetrics
{
    /// <summary>Tokens that neurons were counted on.</summary>
    public required long Tokens { get; init; }

    /// <summary>The neurons.</summary>
    public required ScoreMetrics Ffn { get; init; }

    /// <summary>The keys.</summary>
    public required ScoreMetrics Attention { get; init; }

    /// <summary>Share of neurons that were active for no token of the last looks.</summary>
    public required IReadOnlyList<double> FfnDeadFraction { get; init; }

    /// <summary>Share of neurons that were active for every token of the last looks.</summary>
    public required IReadOnlyList<double> FfnAlwaysActiveFraction { get; init; }
}

/// <summary>Scores and the choice among them, by layer.</summary>
public sealed record ScoreMetrics
{
    /// <summary>Kept neurons or keys that 5 % of the rows do not exceed.</summary>
    public required IReadOnlyList<double?> KeptP5 { get; init; }

    /// <summary>Kept neurons or keys that 95 % of the rows do not exceed.</summary>
    public required IReadOnlyList<double?> KeptP95 { get; init; }

    /// <summary>Share of the k largest scores that are kept.</summary>
    public required IReadOnlyList<double?> TopkRecall { get; init; }

    /// <summary>Share of the k entries that would weigh most, were nothing dropped, that are kept.</summary>
    public required IReadOnlyList<double?> PredictorRecall { get; init; }

    /// <summary>Mean threshold.</summary>
    public required IReadOnlyList<double?> Threshold { get; init; }

    /// <summary>Mean score.</summary>
    public required IReadOnlyList<double?> ScoreMean { get; init; }

    /// <summary>Standard deviation of the scores of a row.</summary>
    public required IReadOnlyList<double?> ScoreStd { get; init; }

    /// <summary>Skewness of the scores of a row.</summary>
    public required IReadOnlyList<double?> Skewness { get; init; }

    /// <summary>Excess kurtosis of the scores of a row.</summary>
    public required IReadOnlyList<double?> ExcessKurtosis { get; init; }

    /// <summary>Largest distance of a row's distribution function from the normal one.</summary>
    public required IReadOnlyList<double?> GaussianDistance { get; init; }

    internal static ScoreMetrics Of(IReadOnlyList<ScoreSums> layers)
    {
        double?[] ByLayer(Func<ScoreSums, double?> value) => [.. layers.Select(value)];
        return new()
        {
            KeptP5 = ByLayer(s => s.KeptPercentile(0.05)),
            KeptP95 = ByLayer(s => s.KeptPercentile(0.95)),
            TopkRecall = ByLayer(s => s.TopkRecall),
            PredictorRecall = ByLayer(s => s.PredictorRecall),
            Threshold = ByLayer(s => s.Threshold),
            ScoreMean = ByLayer(s => s.ScoreMean),
            ScoreStd = ByLayer(s => s.ScoreStd),
            Skewness = ByLayer(s => s.Skewness),
            ExcessKurtosis = ByLayer(s => s.ExcessKurtosis),
            GaussianDistance = ByLayer(s => s.GaussianDistance),
        };
    }
}
