namespace SparkTrain.Dashboard;

/// <summary>What the dashboard takes in at most, so that a broken or hostile sender cannot fill memory or disk at once.</summary>
public sealed record DashboardLimits
{
    /// <summary>Longest body of a request as it comes over the wire, in bytes.</summary>
    public int MaxBodyBytes { get; init; } = 8 << 20;

    /// <summary>Longest body after it is unpacked, in bytes.</summary>
    public int MaxUnpackedBytes { get; init; } = 64 << 20;

    /// <summary>Most events in one request.</summary>
    public int MaxBatchEvents { get; init; } = 20_000;

    /// <summary>Longest event, in bytes of its JSON.</summary>
    public int MaxEventBytes { get; init; } = 1 << 20;

    /// <summary>Longest name of a run or a metric, in characters.</summary>
    public int MaxNameLength { get; init; } = 200;

    /// <summary>Most metrics of one run, every layer counted by itself.</summary>
    public int MaxKeysPerRun { get; init; } = 5_000;

    /// <summary>Most runs in the database.</summary>
    public int MaxRuns { get; init; } = 100_000;
}
