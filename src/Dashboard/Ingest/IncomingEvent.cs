namespace SparkTrain.Dashboard;

/// <summary>What an event tells. The numbers are stored.</summary>
internal enum EventKind
{
    Log = 0,
    Started = 1,
    Ended = 2,
    Checkpoint = 3,
    Sample = 4,
    Metrics = 5,
}

/// <summary>One value of one metric.</summary>
internal readonly record struct MetricPoint(string Key, double Value);

/// <summary>An event that fits.</summary>
internal sealed record IncomingEvent
{
    /// <summary>Stands for a missing Sequence: what comes later then wins.</summary>
    public const long NoSequence = -1;

    /// <summary>Stands for the missing Step of a start: it does not say where the run goes on from.</summary>
    public const long NoStep = long.MaxValue;

    /// <summary>The run's RunId, or its name where it has none.</summary>
    public required string Uid { get; init; }

    public required string Name { get; init; }

    public long Sequence { get; init; } = NoSequence;

    public required EventKind Kind { get; init; }

    /// <summary>Milliseconds since 1970.</summary>
    public required long Time { get; init; }

    public string Level { get; init; } = "Information";

    public string Text { get; init; } = "";

    public string? Exception { get; init; }

    public long Step { get; init; }

    public IReadOnlyList<MetricPoint> Points { get; init; } = [];

    /// <summary>The fields of its kind as JSON; null for logs and metrics.</summary>
    public string? Data { get; init; }

    /// <summary>The configuration as JSON; only where a run starts.</summary>
    public string? Config { get; init; }
}
