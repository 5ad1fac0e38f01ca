using Microsoft.Data.Sqlite;

namespace SparkTrain.Dashboard;

/// <summary>Gathers what a batch changes in the rows of runs, and writes it at the batch's end.</summary>
internal sealed class RunChanges(SqliteConnection connection)
{
    private readonly Dictionary<long, Change> changes = [];

    /// <summary>The runs that the batch touched.</summary>
    public IReadOnlyCollection<string> Uids => [.. changes.Values.Select(change => change.Uid)];

    public void Note(long run, IncomingEvent e)
    {
        if (!changes.TryGetValue(run, out var change)) changes[run] = change = new(e.Uid, e.Time);
        change.First = Math.Min(change.First, e.Time);
        change.Last = Math.Max(change.Last, e.Time);
        if (e.Kind == EventKind.Metrics) change.Step = Math.Max(change.Step, e.Step);
        // The status is that of the last word in the run's own order, in whatever order the words come.
        if (e.Kind == EventKind.Started)
        {
            change.HasStarted = true;
            connection.Execute("UPDATE runs SET status = 'running', message = NULL, status_sequence = $2 WHERE id = $1 AND status_sequence <= $2", run, e.Sequence);
            connection.Execute("UPDATE runs SET about = $3, config = $4, name = $5, about_sequence = $2 WHERE id = $1 AND about_sequence <= $2", run, e.Sequence, e.Data, e.Config, e.Name);
        }
        else if (e.Kind == EventKind.Ended)
        {
            connection.Execute("UPDATE runs SET status = $3 ->> '$.status', message = $3 ->> '$.message', status_sequence = $2 WHERE id = $1 AND status_sequence <= $2", run, e.Sequence, e.Data);
        }
    }

    public void Write(long now)
    {
        foreach (var (run, change) in changes)
        {
            connection.Execute(
                "UPDATE runs SET first_time = min(first_time, $2), last_time = max(last_time, $3), received = $4, last_step = nullif(max(coalesce(last_step, -1), $5), -1) WHERE id = $1",
                run, change.First, change.Last, now, change.Step);
            // A start may have gone back.
            if (change.HasStarted) connection.Execute("UPDATE runs SET last_step = (SELECT max(step) FROM points WHERE key IN (SELECT id FROM keys WHERE run = $1)) WHERE id = $1", run);
            connection.Execute("""
                UPDATE runs SET (loss_step, loss) = (SELECT step, value FROM points WHERE key = (SELECT id FROM keys WHERE run = $1 AND name = 'loss') ORDER BY step DESC LIMIT 1) WHERE id = $1
                """, run);
        }
    }

    private sealed class Change(string uid, long time)
    {
        public string Uid { get; } = uid;

        public long First { get; set; } = time;

        public long Last { get; set; } = time;

        public long Step { get; set; } = -1;

        public bool HasStarted { get; set; }
    }
}
