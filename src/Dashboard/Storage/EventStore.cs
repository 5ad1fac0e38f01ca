using Microsoft.Data.Sqlite;

namespace SparkTrain.Dashboard;

/// <summary>Keeps events in a SQLite file. Events may come in any order and more than once; any thread may add some.</summary>
public sealed class EventStore : IDisposable
{
    private readonly Lock gate = new();
    private readonly Database database;
    private readonly SqliteConnection connection;
    private readonly BatchReader reader;
    private readonly KeyTable keys;
    private readonly Rollups rollups;
    private readonly Restarts restarts;
    private readonly SqliteCommand addPoint, addEvent;
    private readonly TimeProvider time;

    /// <summary>Opens a file, or makes it.</summary>
    /// <exception cref="DashboardException">It cannot be opened, or is something else.</exception>
    public EventStore(DashboardOptions options)
    {
        (database, reader, time) = (new(options.Database), new(options.Limits), options.Time);
        connection = database.OpenWriter();
        (keys, rollups) = (new(connection, options.Limits), new(connection));
        restarts = new(connection, rollups);
        addPoint = connection.Command("""
            INSERT INTO points(key, step, sequence, time, value) VALUES($1, $2, $3, $4, $5)
            ON CONFLICT(key, step) DO UPDATE SET sequence = excluded.sequence, time = excluded.time, value = excluded.value WHERE excluded.sequence >= points.sequence
            """);
        addEvent = connection.Command("INSERT OR IGNORE INTO events(run, sequence, kind, time, level, step, text, exception, data) VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    }

    /// <summary>Says which runs have changed.</summary>
    internal ChangeFeed Changes { get; } = new();

    /// <summary>Adds a JSON array of events.</summary>
    /// <returns>What was stored, which is on disk then.</returns>
    internal IngestResult AddBatch(ReadOnlyMemory<byte> json) => Store(reader.ReadArray(json));

    /// <summary>Adds events that stand one a line.</summary>
    /// <returns>What was stored, which is on disk then. A line that is no event, such as a torn last one, is refused by itself.</returns>
    public IngestResult Add(ReadOnlySpan<byte> lines) => Store(reader.ReadLines(lines));

    /// <summary>Opens a connection for queries.</summary>
    internal SqliteConnection OpenReader() => database.OpenReader();

    /// <summary>Removes a run with all that belongs to it.</summary>
    /// <returns>False where there is none.</returns>
    internal bool Delete(string uid)
    {
        lock (gate)
        {
            long run = connection.Scalar<long>("SELECT id FROM runs WHERE uid = $1", uid);
            if (run == 0) return false;
            InTransaction(() =>
            {
                foreach (string table in (string[])["points", "rollups"]) connection.Execute($"DELETE FROM {table} WHERE key IN (SELECT id FROM keys WHERE run = $1)", run);
                foreach (string table in (string[])["keys", "events", "starts"]) connection.Execute($"DELETE FROM {table} WHERE run = $1", run);
                connection.Execute("DELETE FROM runs WHERE id = $1", run);
            });
            Forget();
        }
        Changes.Note([uid]);
        return true;
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            addPoint.Dispose();
            addEvent.Dispose();
            rollups.Dispose();
            connection.Dispose();
            database.Close();
        }
    }

    private IngestResult Store((List<(int Index, IncomingEvent Event)> Fit, List<Refusal> Refused) batch)
    {
        var (fit, refused) = batch;
        int accepted = 0;
        var changes = new RunChanges(connection);
        lock (gate)
        {
            long now = time.GetUtcNow().ToUnixTimeMilliseconds();
            InTransaction(() =>
            {
                foreach (var (index, e) in fit)
                {
                    try
                    {
                        Write(e, changes, now);
                        accepted++;
                    }
                    catch (EventRefusedException refusal)
                    {
                        refused.Add(new(index, refusal.Message));
                    }
                }
                rollups.Refresh();
                changes.Write(now);
            });
        }
        Changes.Note(changes.Uids);
        refused.Sort((a, b) => a.Index.CompareTo(b.Index));
        return new(accepted, refused);
    }

    private void InTransaction(Action work)
    {
        connection.Execute("BEGIN IMMEDIATE");
        try
        {
            work();
            connection.Execute("COMMIT");
        }
        catch
        {
            // A full disk ends the transaction by itself; names that it made are gone with it.
            if (SQLitePCL.raw.sqlite3_get_autocommit(connection.Handle) == 0) connection.Execute("ROLLBACK");
            Forget();
            throw;
        }
    }

    private void Forget()
    {
        keys.Clear();
        rollups.Forget();
        restarts.Clear();
    }

    private void Write(IncomingEvent e, RunChanges changes, long now)
    {
        long run = keys.Run(e, now);
        if (restarts.IsPast(run, e)) return;
        if (e.Kind == EventKind.Started) restarts.Add(run, e);
        if (e.Kind == EventKind.Metrics)
        {
            long[] ids = keys.Keys(run, e.Points);
            for (int i = 0; i < ids.Length; i++)
            {
                // SQLite keeps NaN as null.
                double value = e.Points[i].Value;
                if (addPoint.Run(ids[i], e.Step, e.Sequence, e.Time, double.IsNaN(value) ? null : value) > 0) rollups.Touch(ids[i], e.Step);
            }
        }
        else
        {
            addEvent.Run(run, e.Sequence == IncomingEvent.NoSequence ? null : e.Sequence, (int)e.Kind, e.Time, e.Level, e.Step, e.Text, e.Exception, e.Data);
        }
        changes.Note(run, e);
    }
}
