namespace SparkTrain.Dashboard;

/// <summary>Tells whoever waits that runs have changed, and which.</summary>
internal sealed class ChangeFeed
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, long> versions = [];
    private TaskCompletionSource next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long version;

    /// <summary>How many changes there were.</summary>
    public long Version
    {
        get
        {
            lock (gate) return version;
        }
    }

    public void Note(IReadOnlyCollection<string> uids)
    {
        if (uids.Count == 0) return;
        TaskCompletionSource waited;
        lock (gate)
        {
            version++;
            foreach (string uid in uids) versions[uid] = version;
            (waited, next) = (next, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        waited.SetResult();
    }

    /// <summary>Returns the runs that changed after a version, and the version now; waits until there is one.</summary>
    public async Task<(long Version, IReadOnlyList<string> Uids)> AfterAsync(long seen, CancellationToken cancellation)
    {
        while (true)
        {
            Task change;
            lock (gate)
            {
                if (version > seen) return (version, [.. versions.Where(pair => pair.Value > seen).Select(pair => pair.Key)]);
                change = next.Task;
            }
            await change.WaitAsync(cancellation);
        }
    }
}
