using System.Globalization;
using SparkTrain.Input;

namespace SparkTrain.Launcher.Supervision;

/// <summary>Starts the ranks of a job, and starts them again after failures.</summary>
/// <param name="job">What the user asks for.</param>
/// <param name="rank">The program of a rank, with its arguments.</param>
/// <param name="limits">When to stop waiting.</param>
/// <param name="newestCheckpoint">Returns the name of the newest complete checkpoint, or null.</param>
/// <param name="log">What is said.</param>
internal sealed class JobSupervisor(JobRequest job, IReadOnlyList<string> rank, JobLimits limits, Func<string?> newestCheckpoint, SupervisionLog log)
{
    /// <summary>Runs the job to its last end and returns the exit code.</summary>
    /// <exception cref="Native.EnvironmentException">There is nothing that starts ranks.</exception>
    public int Run()
    {
        var mpiexec = job.Ranks > 1 || job.Hosts.Count > 0 ? Mpiexec.Find(job.MpiexecPath) : null;
        if (mpiexec is not null) log.Note($"supervisor: {mpiexec.Path}: {mpiexec.Version}");
        using var signals = new SupervisorSignals();
        var policy = new RestartPolicy(job.Restarts);
        while (true)
        {
            string? before = newestCheckpoint();
            var end = new JobRun(job, mpiexec, rank, limits, signals, log).Run();
            string? after = newestCheckpoint();
            if (JobReport.Of(end, limits.Stall) is { } report) log.Say("error: " + report);
            (var delay, policy) = policy.After(end, madeCheckpoint: after is not null && after != before);
            log.Note($"supervisor: the job has ended with {JobReport.Ending(end.LauncherCode)}: {end.Code}");
            if (delay is not { } wait)
            {
                if (job.Restarts > 0 && policy.Failures > job.Restarts) log.Say($"supervisor: {policy.Failures} failures in a row without a new checkpoint: leaving with exit code {end.Code}");
                return end.Code;
            }
            log.Say(string.Create(CultureInfo.InvariantCulture,
                $"supervisor: restart {policy.Failures} of {job.Restarts} (in a row without a new checkpoint) in {wait.TotalSeconds} s, from {after ?? "the beginning: there is no checkpoint yet"}"));
            if (!signals.Wait(wait)) continue;
            log.Say($"supervisor: signal {signals.First}: leaving instead; the same command goes on from {after ?? "the beginning"}");
            return ExitCodes.SavedAndLeft;
        }
    }
}
