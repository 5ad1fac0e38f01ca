using Microsoft.Data.Sqlite;

namespace SparkTrain.Dashboard;

/// <summary>
/// Knows where runs went on from: a run that goes on from a checkpoint computes again what it had logged behind it, and what is left of the first time is not of its curve. An event
/// is of the past where a start that comes later in the run's own order went on from an earlier step, in whatever order the two arrive.
/// </summary>
internal sealed class Restarts(SqliteConnection connection, Rollups rollups)
{
    private readonly Dictionary<long, List<(long Sequence, long Step)>> starts = [];

    /// <summary>Takes in a start: what it makes past goes.</summary>
    public void Add(long run, IncomingEvent start)
    {
        if (start.Sequence == IncomingEvent.NoSequence || start.Step == IncomingEvent.NoStep) return;
        connection.Execute("INSERT OR IGNORE INTO starts(run, sequence, step) VALUES($1, $2, $3)", run, start.Sequence, start.Step);
        starts.Remove(run);
        var past = connection.Rows(row => (Key: row.GetInt64(0), Step: row.GetInt64(1)), """
            DELETE FROM points WHERE key IN (SELECT id FROM keys WHERE run = $1) AND step > $3 AND sequence BETWEEN 0 AND $2 - 1 RETURNING key, step
            """, run, start.Sequence, start.Step);
        foreach (var (key, step) in past) rollups.Touch(key, step);
        connection.Execute("DELETE FROM events WHERE run = $1 AND kind IN ($4, $5) AND step > $3 AND sequence < $2", run, start.Sequence, start.Step, (int)EventKind.Checkpoint, (int)EventKind.Sample);
    }

    /// <summary>True for numbers, checkpoints and samples that were computed again since.</summary>
    public bool IsPast(long run, IncomingEvent e) =>
        e.Sequence != IncomingEvent.NoSequence && e.Kind is EventKind.Metrics or EventKind.Checkpoint or EventKind.Sample && Of(run).Any(start => start.Sequence > e.Sequence && start.Step < e.Step);

    /// <summary>Forgets everything: after a deletion, or a batch that was not stored.</summary>
    public void Clear() => starts.Clear();

    private List<(long Sequence, long Step)> Of(long run)
    {
        if (!starts.TryGetValue(run, out var known))
            starts[run] = known = connection.Rows(row => (row.GetInt64(0), row.GetInt64(1)), "SELECT sequence, step FROM starts WHERE run = $1", run);
        return known;
    }
}
