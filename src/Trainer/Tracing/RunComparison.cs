using SparkTrain.Checkpoints;

namespace SparkTrain.Trainer;

/// <summary>Compares what two runs have left in their folders.</summary>
public static class RunComparison
{
    /// <summary>Compares traces, validations, and the checkpoints of the last step, in the order in which a difference spreads.</summary>
    /// <param name="expected">The run that was not interrupted.</param>
    /// <param name="found">The other run.</param>
    /// <param name="steps">The last step of both.</param>
    /// <param name="comparesBits">False compares only what the runs have read.</param>
    /// <exception cref="CheckpointException">A run has no checkpoint of the last step.</exception>
    /// <exception cref="IOException">A file is missing.</exception>
    public static IReadOnlyList<RunAgreement> Of(RunFolder expected, RunFolder found, long steps, bool comparesBits)
    {
        var (a, b) = (new CheckpointStore(expected.Checkpoints).PathOf(steps), new CheckpointStore(found.Checkpoints).PathOf(steps));
        var read = TraceComparison.Of(StepTrace.Read(expected.TraceFile), StepTrace.Read(found.TraceFile), steps, comparesBits);
        return comparesBits
            ? [.. read, TraceComparison.OfValidation(StepMetrics.Read(expected.MetricsFile), StepMetrics.Read(found.MetricsFile)), Cursor(a, b, steps), Tensors(a, b, steps)]
            : [.. read, Cursor(a, b, steps)];
    }

    private static RunAgreement Cursor(string expected, string found, long steps)
    {
        var (a, b) = (CheckpointManifest.Read(expected).Progress, CheckpointManifest.Read(found).Progress);
        return new("cursor", 1, a with { Seconds = 0 } == b with { Seconds = 0 } ? null : new(steps, "the checkpoint's place in the data", Text(a), Text(b)));

        static string Text(TrainProgress progress) => FormattableString.Invariant($"step {progress.Step}, {progress.Tokens} tokens, next sample {progress.NextSample}");
    }

    private static RunAgreement Tensors(string expected, string found, long steps) =>
        new("tensors", 1, CheckpointComparison.FirstDifference(expected, found) is { } difference ? new(steps, difference.Where, difference.Expected, difference.Found) : null);
}
