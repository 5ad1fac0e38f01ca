using System.ComponentModel.DataAnnotations;

namespace SparkTrain.Trainer;

/// <summary>What is logged, and how often.</summary>
public sealed record LoggingConfig
{
    /// <summary>Steps between logged lines, on the console and in metrics.jsonl.</summary>
    [Range(1, 1_000_000)]
    public long EverySteps { get; init; } = 1;

    /// <summary>Peak rate of one rank in 10¹² floating-point operations a second, for MFU; null measures the best matrix product at start.</summary>
    [Range(1e-6, 1e6)]
    public double? PeakTeraflops { get; init; }

    /// <summary>Writes trace.jsonl: per step the exact loss and gradient norm, the samples, and hashes of their tokens, of the weights and of the optimizer's moments.</summary>
    public bool Trace { get; init; }
}
