namespace SparkTrain.Launcher.Supervision;

/// <summary>Decides when a rank that gets no answers has lost its supervisor.</summary>
/// <param name="time">The clock.</param>
/// <param name="grace">How long a rank may take to save and leave.</param>
internal sealed class SupervisorLoss(TimeProvider time, TimeSpan grace)
{
    /// <summary>What to do about an unanswered heartbeat.</summary>
    public enum Verdict
    {
        /// <summary>Go on and try again.</summary>
        GoOn,

        /// <summary>Save and leave.</summary>
        Stop,

        /// <summary>End at once.</summary>
        End,
    }

    // A machine that refuses the connection is there, and the program is not. One that says nothing may be cut off for a while.
    private static readonly TimeSpan WhenRefused = TimeSpan.FromSeconds(3), WhenSilent = TimeSpan.FromSeconds(60);

    private long? since;
    private long? stoppedAt;

    /// <summary>A heartbeat was answered.</summary>
    public void Answered() => since = null;

    /// <summary>A heartbeat was not answered.</summary>
    public Verdict Failed(bool isRefused)
    {
        long now = time.GetTimestamp();
        since ??= now;
        if (stoppedAt is { } stopped) return time.GetElapsedTime(stopped, now) >= grace ? Verdict.End : Verdict.GoOn;
        if (time.GetElapsedTime(since.Value, now) < (isRefused ? WhenRefused : WhenSilent)) return Verdict.GoOn;
        stoppedAt = now;
        return Verdict.Stop;
    }
}
