namespace SparkTrain.Launcher.Supervision;

/// <summary>The last heartbeat of every rank of a job; any thread may write and read.</summary>
/// <param name="worldSize">The number of ranks.</param>
/// <param name="time">The clock.</param>
internal sealed class RankRoster(int worldSize, TimeProvider time)
{
    private readonly Lock guard = new();
    private readonly Entry[] entries = [.. Enumerable.Range(0, worldSize).Select(_ => new Entry())];
    private readonly long start = time.GetTimestamp();

    /// <summary>The number of ranks.</summary>
    public int WorldSize => worldSize;

    /// <summary>True once a heartbeat has named a step.</summary>
    public bool HasStepped { get; private set; }

    /// <summary>Notes a heartbeat that came by a connection.</summary>
    public void Hear(Heartbeat beat, object connection)
    {
        long now = time.GetTimestamp();
        lock (guard)
        {
            var entry = entries[beat.Rank];
            if (entry.Last is not { } last || (last.Status.Step, last.Status.Phase, last.Status.Call) != (beat.Status.Step, beat.Status.Phase, beat.Status.Call)
                || beat.Status.InCall < last.Status.InCall) entry.ChangedAt = now;
            (entry.Last, entry.HeardAt, entry.Connection, entry.GoneAt) = (beat, now, connection, beat.Leaving is null ? null : now);
            HasStepped |= beat.Status.Step > 0;
        }
    }

    /// <summary>Notes that a connection is lost; the rank that used it last is gone unless it is heard again.</summary>
    public void Lose(object connection)
    {
        long now = time.GetTimestamp();
        lock (guard)
            foreach (var entry in entries)
                if (entry.Connection == connection) entry.GoneAt ??= now;
    }

    /// <summary>What is known about every rank now.</summary>
    public IReadOnlyList<RankSeen> Look()
    {
        long now = time.GetTimestamp();
        lock (guard)
            return [.. entries.Select((entry, rank) => new RankSeen(rank, entry.Last, Since(entry.HeardAt ?? start), Since(entry.ChangedAt ?? start), entry.GoneAt is { } gone ? Since(gone) : null))];

        TimeSpan Since(long then) => time.GetElapsedTime(then, now);
    }

    private sealed class Entry
    {
        public Heartbeat? Last;
        public long? HeardAt, ChangedAt, GoneAt;
        public object? Connection;
    }
}
