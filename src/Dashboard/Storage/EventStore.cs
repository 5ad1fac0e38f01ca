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
    private readonly Action<string> log;
    private string? told;

    /// <summary>Opens a file, or makes it.</summary>
    /// <exception cref="DashboardException">It cannot be opened, or is something else.</exception>
    public EventStore(DashboardOptions options)
    {
        (database, reader, time, log) = (new(options.Database), new(options.Limits), options.Time, options.Log);
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
    /// <exception cref="StoreUnavailableException">Nothing was stored: the disk is full, or the file is gone.</exception>
    internal IngestResult AddBatch(ReadOnlyMemory<byte> json) => Store(reader.ReadArray(json));

    /// <summary>Adds events that stand one a line.</summary>
    /// <returns>What was stored, which is on disk then. A line that is no event, such as a torn last one, is refused by itself.</returns>
    /// <exception cref="StoreUnavailableException">Nothing was stored: the disk is full, or the file is gone.</exception>
    public IngestResult Add(ReadOnlySpan<byte> lines)
    {
        try
        {
            return Store(reader.ReadLines(lines));
        }
        catch (StoreUnavailableException e)
        {
            Tell(e);
            throw;
        }
    }

    /// <summary>Opens a connection for queries.</summary>
    /// <exception cref="StoreUnavailableException">The file is gone.</exception>
    internal SqliteConnection OpenReader() => database.OpenReader();

    /// <summary>Writes into the log that the database cannot be used, once for each reason until it can be again.</summary>
    internal void Tell(StoreUnavailableException e)
    {
        if (Interlocked.Exchange(ref told, e.Message) != e.Message) log("error: " + e.Message);
    }

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
            database.Dispose();
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

    // What is committed to a file that is no longer at its path is lost with the process: it counts as not stored.
    private void InTransaction(Action work)
    {
        try
        {
            database.RequireInPlace();
            Commit(work);
            database.RequireInPlace();
            told = null;
        }
        catch (SqliteException e) when (StoreUnavailableException.IsOfFile(e))
        {
            throw new StoreUnavailableException($"the database cannot be written: {e.Message}", e);
        }
    }

    private void Commit(Action work)
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
        else if (Add(run, e, e.Sequence == IncomingEvent.NoSequence ? null : e.Sequence) == 0 && e.Kind == EventKind.Log && !IsStored(run, e))
        {
            // An application may count something else by a property of that name: another line is another event.
            Add(run, e, null);
        }
        changes.Note(run, e);
    }

    private int Add(long run, IncomingEvent e, long? sequence) => addEvent.Run(run, sequence, (int)e.Kind, e.Time, e.Level, e.Step, e.Text, e.Exception, e.Data);

    private bool IsStored(long run, IncomingEvent e) => connection.Scalar<long>(
        "SELECT 1 FROM events WHERE run = $1 AND kind = 0 AND time = $2 AND (sequence IS NULL OR sequence = $3) AND level = $4 AND text = $5 AND exception IS $6 LIMIT 1", run, e.Time, e.Sequence, e.Level, e.Text, e.Exception) == 1;
}
