namespace SparkTrain.Distributed.Tests;

/// <summary>A clock in milliseconds that moves when told.</summary>
internal sealed class ManualTime : TimeProvider
{
    private long milliseconds = 1000;

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => Volatile.Read(ref milliseconds);

    public void Advance(double seconds) => Interlocked.Add(ref milliseconds, (long)(1000 * seconds));
}
