using System.Diagnostics;
using System.Globalization;
using SparkTrain.Checkpoints;
using SparkTrain.Input;
using SparkTrain.Launcher.Supervision;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Verification;

/// <summary>Trains in a process of its own, which starts its ranks itself: just as a user's command does.</summary>
/// <param name="configuration">The arguments that all runs share.</param>
/// <param name="stop">Ends the process.</param>
internal sealed class TrainingProcess(IReadOnlyList<string> configuration, CancellationToken stop)
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(5), TimeToDie = TimeSpan.FromSeconds(10);

    /// <summary>Trains, or goes on, until a step.</summary>
    /// <param name="ranks">Ranks.</param>
    /// <param name="until">The step.</param>
    /// <param name="set">What is set, as A.B=v.</param>
    /// <exception cref="ChildFailedException">It did not get there.</exception>
    /// <exception cref="OperationCanceledException">The user has asked to leave.</exception>
    public void Run(int ranks, long until, IEnumerable<string> set)
    {
        using var process = Start(ranks, until, set);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(CancellationToken.None), process.StandardError.ReadToEndAsync(CancellationToken.None));
        using (stop.Register(() => process.Kill(entireProcessTree: true))) process.WaitForExit();
        stop.ThrowIfCancellationRequested();
        if (process.ExitCode is not (ExitCodes.Done or ExitCodes.SavedAndLeft))
            throw new ChildFailedException(process.ExitCode, string.Create(CultureInfo.InvariantCulture,
                $"error: training on {Trial.Count(ranks)} until step {until} has ended with exit code {process.ExitCode}:\n{output.Result}{error.Result}").TrimEnd());
    }

    /// <summary>Trains until a step, but kills all its processes at a random moment after an earlier one; returns the last step that was made.</summary>
    /// <param name="ranks">Ranks.</param>
    /// <param name="after">The earlier step.</param>
    /// <param name="until">The step.</param>
    /// <param name="set">What is set, as A.B=v.</param>
    /// <param name="run">The run.</param>
    /// <exception cref="ChildFailedException">It has ended before it could be killed.</exception>
    /// <exception cref="OperationCanceledException">The user has asked to leave.</exception>
    public long Kill(int ranks, long after, long until, IEnumerable<string> set, RunConfig run)
    {
        using var folder = RunFolder.Of(run);
        using var process = Start(ranks, until, set);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(CancellationToken.None), process.StandardError.ReadToEndAsync(CancellationToken.None));
        long first = 0;
        while (LastStep(folder) < after && !stop.IsCancellationRequested && !process.WaitForExit(Glance))
            if (first == 0 && LastStep(folder) > 0) first = Stopwatch.GetTimestamp();
        // Somewhere in the next step, which takes as long as those before it.
        var step = first == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(first) / Math.Max(1, after - 1);
        bool hasEnded = process.WaitForExit(step * Random.Shared.NextDouble());
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        stop.ThrowIfCancellationRequested();
        if (hasEnded)
            throw new ChildFailedException(process.ExitCode is ExitCodes.Done or ExitCodes.SavedAndLeft ? ExitCodes.Configuration : process.ExitCode, string.Create(CultureInfo.InvariantCulture,
                $"error: training on {Trial.Count(ranks)} has ended with exit code {process.ExitCode} before it could be killed after step {after}:\n{output.Result}{error.Result}").TrimEnd() + "\n  do: leave more steps after the stop, with a smaller --stop-at or a larger --steps");
        WaitForLock(run);
        return LastStep(folder);
    }

    // The ranks are nobody's children any more, and the last of them may take a moment to die.
    private static void WaitForLock(RunConfig run)
    {
        var clock = Stopwatch.StartNew();
        while (true)
            try
            {
                RunFolder.Open(run).Dispose();
                return;
            }
            catch (CheckpointException) when (clock.Elapsed < TimeToDie)
            {
                Thread.Sleep(Glance);
            }
    }

    private static long LastStep(RunFolder folder) => File.Exists(folder.TraceFile) && StepTrace.Read(folder.TraceFile) is [.., var last] ? last.Step : 0;

    private Process Start(int ranks, long until, IEnumerable<string> set)
    {
        string[] command = [.. RankStart.ThisProgram(), CommandLine.DefaultVerb, .. configuration, .. set.SelectMany(value => (string[])["--set", value]), "--quiet",
            "--ranks", ranks.ToString(CultureInfo.InvariantCulture), "--until", until.ToString(CultureInfo.InvariantCulture)];
        var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.StandardInput.Close();
        return process;
    }
}
