using Microsoft.Data.Sqlite;

namespace SparkTrain.Dashboard;

/// <summary>Finds the numbers of runs and metrics by their names, and makes those that are new.</summary>
internal sealed class KeyTable(SqliteConnection connection, DashboardLimits limits)
{
    // Runs whose names are kept in memory; more are read again.
    private const int MaxCachedRuns = 256;

    private readonly Dictionary<string, long> runs = [];
    private readonly Dictionary<long, Dictionary<string, long>> keys = [];

    /// <summary>Returns a run's number.</summary>
    /// <exception cref="EventRefusedException">It is new, and there are too many.</exception>
    public long Run(IncomingEvent e, long now)
    {
        if (runs.TryGetValue(e.Uid, out long id)) return id;
        id = connection.Scalar<long>("SELECT id FROM runs WHERE uid = $1", e.Uid);
        if (id == 0)
        {
            if (connection.Scalar<long>("SELECT count(*) FROM runs") >= limits.MaxRuns) throw new EventRefusedException($"there are {limits.MaxRuns} runs already; delete some");
            id = connection.Scalar<long>("INSERT INTO runs(uid, name, first_time, last_time, received) VALUES($1, $2, $3, $3, $4) RETURNING id", e.Uid, e.Name, e.Time, now);
        }
        if (runs.Count >= MaxCachedRuns) Clear();
        return runs[e.Uid] = id;
    }

    /// <summary>Returns the numbers of an event's metrics, in its order.</summary>
    /// <exception cref="EventRefusedException">The run would have too many.</exception>
    public long[] Keys(long run, IReadOnlyList<MetricPoint> points)
    {
        var known = Known(run);
        if (known.Count + points.Count > limits.MaxKeysPerRun)
        {
            int added = points.Select(point => point.Key).Where(name => !known.ContainsKey(name)).Distinct().Count();
            if (known.Count + added > limits.MaxKeysPerRun) throw new EventRefusedException($"the run would have {known.Count + added} metrics; it may have {limits.MaxKeysPerRun}");
        }
        var ids = new long[points.Count];
        for (int i = 0; i < ids.Length; i++)
        {
            string name = points[i].Key;
            if (!known.TryGetValue(name, out ids[i]))
                known[name] = ids[i] = connection.Scalar<long>("INSERT INTO keys(run, name) VALUES($1, $2) RETURNING id", run, name);
        }
        return ids;
    }

    /// <summary>Forgets everything: after a deletion, or a batch that was not stored.</summary>
    public void Clear()
    {
        runs.Clear();
        keys.Clear();
    }

    private Dictionary<string, long> Known(long run)
    {
        if (keys.TryGetValue(run, out var known)) return known;
        known = connection.Rows(row => (row.GetString(0), row.GetInt64(1)), "SELECT name, id FROM keys WHERE run = $1", run).ToDictionary();
        return keys[run] = known;
    }
}
