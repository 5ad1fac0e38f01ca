using System.Diagnostics;
using System.Globalization;
using SparkTrain.Checkpoints;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Verification;

/// <summary>Trains unbroken, trains again with a stop, and compares what both have left.</summary>
/// <param name="config">The configuration.</param>
/// <param name="process">Trains it.</param>
/// <param name="folder">The folder for the runs.</param>
/// <param name="steps">The last step.</param>
/// <param name="stopAt">The step of the stop.</param>
/// <param name="keeps">True leaves the runs in the folder.</param>
/// <param name="output">Where progress is told.</param>
internal sealed class ResumeProof(TrainConfig config, TrainingProcess process, string folder, long steps, long stopAt, bool keeps, TextWriter output)
{
    /// <summary>Makes the trials of all groups and returns what came of each.</summary>
    /// <exception cref="ChildFailedException">A run did not get to its step.</exception>
    /// <exception cref="OperationCanceledException">The user has asked to leave.</exception>
    public IReadOnlyList<TrialResult> Run(IEnumerable<TrialGroup> groups) => [.. groups.SelectMany(Run)];

    private List<TrialResult> Run(TrialGroup group)
    {
        output.WriteLine(group.Title);
        var unbroken = NewRun(group, string.Create(CultureInfo.InvariantCulture, $"unbroken-{group.Ranks}"));
        long start = Stopwatch.GetTimestamp();
        process.Run(group.Ranks, steps, Settings(group, unbroken));
        Tell($"{Trial.Count(group.Ranks)}, unbroken", start);
        List<TrialResult> results = [];
        foreach (var trial in group.Trials)
        {
            start = Stopwatch.GetTimestamp();
            var run = NewRun(group, trial.Name);
            using var expected = RunFolder.Of(unbroken);
            using var found = RunFolder.Of(run);
            long left = Stop(group, trial, run), resumed = new CheckpointStore(found.Checkpoints).Complete() is [var newest, ..] ? CheckpointStore.StepOf(newest) : 0;
            process.Run(trial.ResumeRanks, steps, Settings(group, run));
            Tell(trial.Title, start, string.Create(CultureInfo.InvariantCulture, $", left after step {left}{(resumed == left ? "" : $", resumed after step {resumed}")}"));
            results.Add(new(trial, left, resumed, RunComparison.Of(expected, found, steps, trial.ComparesBits)));
            Delete(run);
        }
        Delete(unbroken);
        return results;
    }

    // Returns the last step that was made.
    private long Stop(TrialGroup group, Trial trial, RunConfig run)
    {
        if (trial.IsKilled)
            // With a save before, there is something to resume from, and something that is made again.
            return process.Kill(trial.Ranks, stopAt, steps, [.. Settings(group, run), string.Create(CultureInfo.InvariantCulture, $"Checkpoint.EverySteps={Math.Min(config.Checkpoint.EverySteps, Math.Max(1, stopAt / 2))}")], run);
        process.Run(trial.Ranks, stopAt, Settings(group, run));
        return stopAt;
    }

    // Later values win over what the user has set. The peak is no part of what is compared, and takes half a second to measure.
    private static IEnumerable<string> Settings(TrialGroup group, RunConfig run) =>
        [.. group.Set, $"Run.Folder={run.Folder}", $"Run.Name={run.Name}", "Logging.Trace=true", "Logging.EverySteps=1", "Logging.PeakTeraflops=1"];

    private RunConfig NewRun(TrialGroup group, string name) => config.Run with { Folder = folder, Name = $"{group.Name}-{name}" };

    private void Delete(RunConfig run)
    {
        if (!keeps) Directory.Delete(Path.Combine(run.Folder, run.Name), recursive: true);
    }

    private void Tell(string what, long start, string more = "") =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {what}: {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s{more}"));
}
