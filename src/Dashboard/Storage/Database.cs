using Microsoft.Data.Sqlite;

namespace SparkTrain.Dashboard;

/// <summary>The SQLite file: its tables, and connections to it.</summary>
internal sealed class Database
{
    // Raised when tables change; an older file is refused by name instead of being misread.
    private const long Version = 1;

    // The points of a metric lie together on disk, ordered by step. Roll-ups hold, for blocks of steps, what curves need: see Rollups.
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS runs(
            id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
            status TEXT NOT NULL DEFAULT 'running', message TEXT, status_sequence INTEGER NOT NULL DEFAULT -2,
            about TEXT, config TEXT, about_sequence INTEGER NOT NULL DEFAULT -2,
            first_time INTEGER NOT NULL, last_time INTEGER NOT NULL, received INTEGER NOT NULL,
            last_step INTEGER, loss_step INTEGER, loss REAL);
        CREATE TABLE IF NOT EXISTS keys(id INTEGER PRIMARY KEY, run INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE(run, name));
        CREATE TABLE IF NOT EXISTS points(
            key INTEGER NOT NULL, step INTEGER NOT NULL, sequence INTEGER NOT NULL, time INTEGER NOT NULL, value REAL,
            PRIMARY KEY(key, step)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS rollups(
            key INTEGER NOT NULL, level INTEGER NOT NULL, block INTEGER NOT NULL,
            n INTEGER NOT NULL, bad INTEGER NOT NULL, sum REAL, min REAL, max REAL,
            first INTEGER NOT NULL, last INTEGER NOT NULL, first_time INTEGER NOT NULL, last_time INTEGER NOT NULL,
            PRIMARY KEY(key, level, block)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS events(
            id INTEGER PRIMARY KEY, run INTEGER NOT NULL, sequence INTEGER, kind INTEGER NOT NULL, time INTEGER NOT NULL,
            level TEXT NOT NULL, step INTEGER NOT NULL, text TEXT NOT NULL, exception TEXT, data TEXT);
        CREATE TABLE IF NOT EXISTS starts(run INTEGER NOT NULL, sequence INTEGER NOT NULL, step INTEGER NOT NULL, PRIMARY KEY(run, sequence)) WITHOUT ROWID;
        CREATE UNIQUE INDEX IF NOT EXISTS events_identity ON events(run, sequence) WHERE sequence IS NOT NULL;
        CREATE INDEX IF NOT EXISTS events_order ON events(run, kind, time, id);
        PRAGMA user_version = 1;
        """;

    private readonly string connectionString;
    private readonly string path;

    public Database(string path)
    {
        this.path = path;
        connectionString = new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWriteCreate, Pooling = true, DefaultTimeout = 30 }.ToString();
    }

    /// <summary>Opens the file for writing and makes what is missing.</summary>
    /// <exception cref="DashboardException">It cannot be opened, or is something else.</exception>
    public SqliteConnection OpenWriter()
    {
        SqliteConnection? connection = null;
        try
        {
            connection = Open();
            long version = connection.Scalar<long>("PRAGMA user_version");
            if (version != 0 && version != Version) throw new DashboardException(path, $"a database of version {version}", $"version {Version}", "use the program that made it, or name another file with --database");
            // An answer means that the events survive a loss of power: every commit waits for the disk.
            connection.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;");
            connection.Execute(Schema);
            return connection;
        }
        catch (SqliteException e)
        {
            connection?.Dispose();
            throw new DashboardException(path, e.Message, "a file that can be written, new or of a dashboard", "check the folder's rights and free space, or name another file with --database");
        }
        catch
        {
            connection?.Dispose();
            throw;
        }
    }

    /// <summary>Opens a connection for reading; they are pooled.</summary>
    public SqliteConnection OpenReader()
    {
        var connection = Open();
        connection.Execute("PRAGMA query_only = 1; PRAGMA mmap_size = 1073741824;");
        return connection;
    }

    /// <summary>Closes the pooled connections.</summary>
    public void Close()
    {
        using var connection = new SqliteConnection(connectionString);
        SqliteConnection.ClearPool(connection);
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(connectionString);
        connection.Open();
        return connection;
    }
}
