namespace SparkTrain.Launcher.Tests.Supervision;

/// <summary>A clock that goes on by one step whenever it is looked at.</summary>
internal sealed class SteppingTime(TimeSpan step) : TimeProvider
{
    private long ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Add(ref ticks, step.Ticks);
}
