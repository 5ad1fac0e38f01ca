using System.Collections.Concurrent;
using SparkTrain.Checkpoints;

namespace SparkTrain.Trainer;

/// <summary>metrics.jsonl of a run: one JSON object a line, flushed as it is written; the source of every chart.</summary>
public sealed class MetricsFile : IDisposable
{
    private readonly StepLines<StepMetrics> lines;
    private readonly ConcurrentDictionary<long, double> valLosses = [];

    /// <summary>Opens the file for appending, after dropping what an interrupted session logged beyond the step that the run resumes from.</summary>
    /// <param name="path">The file; made when absent.</param>
    /// <param name="resumeStep">The last step whose lines stay; null when nothing is resumed and the file begins anew.</param>
    public MetricsFile(string path, long? resumeStep) => lines = new(path, resumeStep, StepMetrics.Json, metrics => metrics.Step, Note);

    /// <summary>The last line, or null before the first.</summary>
    public StepMetrics? Last { get; private set; }

    /// <summary>Validation loss of the steps that were validated, in nats per token; any thread may read it.</summary>
    public IReadOnlyDictionary<long, double> ValLosses => valLosses;

    /// <summary>Reads the validation losses of a run, which may be training meanwhile; none where there is no such file.</summary>
    /// <exception cref="CheckpointException">The file cannot be read.</exception>
    public static IReadOnlyDictionary<long, double> ReadValLosses(string path)
    {
        var losses = new Dictionary<long, double>();
        foreach (var logged in Read(path))
            if (logged.ValLoss is { } loss && double.IsFinite(loss)) losses[logged.Step] = loss;
        return losses;
    }

    /// <summary>Reads the lines of a run, which may be training meanwhile; none where there is no such file.</summary>
    /// <exception cref="CheckpointException">The file cannot be read.</exception>
    public static IReadOnlyList<StepMetrics> Read(string path) => StepLines<StepMetrics>.ReadIfThere(path, StepMetrics.Json, "the metrics of a run");

    /// <summary>The same, where there is such a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="broken">Is given the number, from 1 on, of each line that is no step; but for the last, which may be half written.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static IReadOnlyList<StepMetrics> Read(string path, Action<long> broken) => [.. StepLines<StepMetrics>.Read(path, StepMetrics.Json, broken)];

    /// <summary>Appends a line.</summary>
    public void Write(StepMetrics metrics) => lines.Write(metrics);

    /// <summary>Brings all lines to the disk; any thread may call it.</summary>
    /// <exception cref="IOException">The disk does not take them.</exception>
    public void FlushToDisk() => lines.FlushToDisk();

    /// <summary>Writes the last line again, now that its validation is known: it was there before the checkpoint of its step, and stays if the validation does not end.</summary>
    public void Rewrite(StepMetrics metrics) => lines.Rewrite(metrics);

    /// <summary>Closes the file.</summary>
    public void Dispose() => lines.Dispose();

    private void Note(StepMetrics metrics)
    {
        Last = metrics;
        if (metrics.ValLoss is { } loss && double.IsFinite(loss)) valLosses[metrics.Step] = loss;
    }
}
