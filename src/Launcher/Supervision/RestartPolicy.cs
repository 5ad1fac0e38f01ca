using SparkTrain.Input;

namespace SparkTrain.Launcher.Supervision;

/// <summary>Decides whether a job that has ended is started again.</summary>
/// <param name="Restarts">Restarts in a row without a new checkpoint.</param>
/// <param name="Failures">Failures in a row so far without one.</param>
/// <param name="HasStepped">True where a start has got as far as a step.</param>
internal sealed record RestartPolicy(int Restarts, int Failures = 0, bool HasStepped = false)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1), LongestDelay = TimeSpan.FromSeconds(60);

    /// <summary>Exit codes that a second run would end with as well, or that ask for nothing more.</summary>
    private static readonly int[] FinalCodes = [ExitCodes.Done, ExitCodes.Configuration, ExitCodes.Data, ExitCodes.Model, ExitCodes.Guard, ExitCodes.SavedAndLeft];

    /// <summary>Returns the time to wait before the next start, or null to leave with the job's exit code; and the policy for the next end.</summary>
    /// <param name="end">How the job has ended.</param>
    /// <param name="madeCheckpoint">True where it completed a checkpoint.</param>
    public (TimeSpan? Delay, RestartPolicy Next) After(JobEnd end, bool madeCheckpoint)
    {
        var next = this with { Failures = madeCheckpoint ? 1 : Failures + 1, HasStepped = HasStepped || end.HasStepped };
        bool isAsked = end.Cause is EndCause.Asked or EndCause.AskedEarly or EndCause.AskedAndKilled;
        // A library or memory that was never there will be missing again; a rank that was lost may not be lost again.
        bool isMissing = !next.HasStepped && end is { Code: ExitCodes.Environment, Cause: EndCause.Ended, Lost: null } && (end.IsOwnCode || end.NobodyCame);
        bool isFinal = isAsked || isMissing || FinalCodes.Contains(end.Code);
        // Where ranks that once trained cannot even be started, a machine or the network is down: that takes longer to pass.
        return (isFinal || next.Failures > Restarts ? null : end.NobodyCame ? LongestDelay : Delay(next.Failures), next);
    }

    private static TimeSpan Delay(int failures) => TimeSpan.FromSeconds(Math.Min(LongestDelay.TotalSeconds, FirstDelay.TotalSeconds * Math.Pow(2, failures - 1)));
}
