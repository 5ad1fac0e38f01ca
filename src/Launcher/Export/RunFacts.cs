using SparkTrain.Checkpoints;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Export;

/// <summary>What is known of the training that led to a checkpoint.</summary>
/// <param name="Manifest">Step, tokens and configuration.</param>
/// <param name="Validated">The line of the checkpoint's step, where its validation is known.</param>
/// <param name="Measured">The last line, at this step or before, with the sparsity of each layer.</param>
internal sealed record RunFacts(CheckpointManifest Manifest, StepMetrics? Validated, StepMetrics? Measured)
{
    /// <summary>Reads what a run has logged up to the checkpoint.</summary>
    /// <exception cref="CheckpointException">The log cannot be read.</exception>
    public static RunFacts Read(CheckpointManifest manifest, string metricsFile)
    {
        StepMetrics[] logged = [.. MetricsFile.Read(metricsFile).Where(line => line.Step <= manifest.Progress.Step)];
        return new(manifest,
            logged.LastOrDefault(line => line.Step == manifest.Progress.Step && line.ValLoss is not null),
            logged.LastOrDefault(line => line.FfnActiveFractionByLayer is not null && line.AttentionKeptByLayer is not null));
    }

    /// <summary>A value of the run's configuration as JSON writes it, without quotes; null where there is none.</summary>
    public string? Setting(string section, string key) => Manifest.Config[section]?[key]?.ToString();
}
