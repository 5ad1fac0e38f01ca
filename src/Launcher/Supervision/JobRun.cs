using System.Security.Cryptography;
using SparkTrain.Input;

namespace SparkTrain.Launcher.Supervision;

/// <summary>One start of a job's ranks, watched until nothing of it is left on this machine.</summary>
/// <param name="job">The ranks and their machines.</param>
/// <param name="mpiexec">The program that starts them; null for a single one.</param>
/// <param name="rank">The program of a rank, with its arguments.</param>
/// <param name="limits">When to stop waiting.</param>
/// <param name="signals">The user's signals.</param>
/// <param name="log">What is said.</param>
internal sealed class JobRun(JobRequest job, Mpiexec? mpiexec, IReadOnlyList<string> rank, JobLimits limits, SupervisorSignals signals, SupervisionLog log)
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(100), LastWords = TimeSpan.FromSeconds(1);

    private readonly RankRoster roster = new(job.Ranks, TimeProvider.System);

    /// <summary>Runs the job to its end.</summary>
    public JobEnd Run()
    {
        var listenAt = ListenAddress.Find(job);
        string token = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        using var listener = new HeartbeatListener(listenAt, token, roster);
        var address = new SupervisorAddress(listenAt.ToString(), listener.Port, token, job.Grace);
        var variables = Environment.GetEnvironmentVariables().Keys.Cast<string>().Concat(address.Variables.Keys).Append("TERM").Distinct();
        var command = JobCommand.Of(mpiexec, job, LaunchMachine.Look(), variables, rank);
        log.Note($"supervisor: {job.Ranks} ranks: {string.Join(' ', command)}");
        using var process = JobProcess.Start(command, address);
        var cause = Watch(process);
        // The processes have ended; what they said last, and that their connections are gone, may still be on its way.
        if (cause is EndCause.Ended) _ = SpinWait.SpinUntil(() => roster.Look().All(seen => seen.Last is null || seen.Gone is not null), LastWords);
        // Whatever the exit code: a rank that outlives its job would hold the run and its memory.
        var ranks = roster.Look();
        if (process.KillAll() is { Count: > 0 } left) log.Say($"supervisor: processes {string.Join(", ", left)} of the job do not end, not even by SIGKILL (state D: they wait for a device or a file server)");
        return new(cause, process.WaitForEnd(TimeSpan.Zero) ? process.ExitCode : ExitCodes.Environment, ranks, roster.HasStepped, signals.First);
    }

    private EndCause Watch(JobProcess process)
    {
        long? askedAt = null;
        while (!process.WaitForEnd(Glance))
        {
            var ranks = roster.Look();
            if (askedAt is null && signals.Count > 0)
            {
                askedAt = TimeProvider.System.GetTimestamp();
                // mpiexec, and ranks that have not set up their handlers, would die of the signal; and before the first heartbeats nothing is there to save.
                if (ranks.Any(seen => seen.Last is null)) return EndCause.AskedEarly;
                log.Say($"supervisor: signal {signals.First}: the ranks are asked to save and leave (once more ends them at once)");
                _ = process.AskToLeave();
            }
            if (askedAt is { } asked && (signals.Count > 1 || TimeProvider.System.GetElapsedTime(asked) > job.Grace)) return EndCause.AskedAndKilled;
            if (Stall.IsIn(ranks, limits.Stall)) return EndCause.Stalled;
            if (Stall.IsDeserted(ranks, limits.Deserted)) return askedAt is null ? EndCause.LauncherHung : EndCause.Asked;
        }
        return askedAt is null ? EndCause.Ended : EndCause.Asked;
    }
}
