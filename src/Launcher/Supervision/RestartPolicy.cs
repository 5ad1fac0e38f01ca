namespace SparkTrain.Launcher.Supervision;

/// <summary>Decides whether a job that has ended is started again.</summary>
/// <param name="Restarts">Restarts in a row without a new checkpoint.</param>
/// <param name="Failures">Failures in a row so far without one.</param>
internal sealed record RestartPolicy(int Restarts, int Failures = 0)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1), LongestDelay = TimeSpan.FromSeconds(60);

    /// <summary>Exit codes that a second run would end with as well, or that ask for nothing more.</summary>
    private static readonly int[] FinalCodes = [ExitCodes.Done, ExitCodes.Configuration, ExitCodes.Data, ExitCodes.Model, ExitCodes.Guard, ExitCodes.SavedAndLeft];

    /// <summary>Returns the time to wait before the next start, or null to leave with the job's exit code; and the policy for the next end.</summary>
    /// <param name="end">How the job has ended.</param>
    /// <param name="madeCheckpoint">True where it completed a checkpoint.</param>
    public (TimeSpan? Delay, RestartPolicy Next) After(JobEnd end, bool madeCheckpoint)
    {
        var next = this with { Failures = madeCheckpoint ? 1 : Failures + 1 };
        bool isAsked = end.Cause is EndCause.Asked or EndCause.AskedEarly or EndCause.AskedAndKilled;
        // A library or memory that is missing at the start will be missing again; a rank that was lost may not be lost again.
        bool isMissing = end is { Code: ExitCodes.Environment, HasStepped: false, Cause: EndCause.Ended } && (end.Said is not null || !end.Ranks.Any(rank => rank.IsLost));
        bool isFinal = isAsked || isMissing || FinalCodes.Contains(end.Code);
        return (isFinal || next.Failures > Restarts ? null : Delay(next.Failures), next);
    }

    private static TimeSpan Delay(int failures) => TimeSpan.FromSeconds(Math.Min(LongestDelay.TotalSeconds, FirstDelay.TotalSeconds * Math.Pow(2, failures - 1)));
}
