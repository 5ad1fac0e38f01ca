using Microsoft.Data.Sqlite;

namespace SparkTrain.Dashboard;

/// <summary>The SQLite file: its tables, and connections to it.</summary>
internal sealed class Database : IDisposable
{
    // "Sprk": SQLite's place in the file for the program that it belongs to. Databases of before have 0, and are known by their tables.
    private const long ApplicationId = 0x5370726B;

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
        CREATE INDEX IF NOT EXISTS runs_order ON runs(first_time, id);
        """;

    private const string Tables = "SELECT t.name || '(' || group_concat(c.name) || ')' FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' GROUP BY t.name";

    private readonly string path;
    private readonly List<FilePlace> places = [];

    public Database(string path) => this.path = path;

    /// <summary>Refuses to go on once a file that is open is no longer the one at its path.</summary>
    /// <exception cref="StoreUnavailableException">It is gone.</exception>
    public void RequireInPlace()
    {
        if (!places.TrueForAll(place => place.IsInPlace))
            throw new StoreUnavailableException($"{path}: the database that is open has been moved or removed. Put it back, or start the dashboard anew; until then nothing is taken.");
    }

    /// <summary>Opens the file for writing and makes what is missing.</summary>
    /// <exception cref="DashboardException">It cannot be opened, or is something else.</exception>
    public SqliteConnection OpenWriter()
    {
        SqliteConnection? connection = null;
        try
        {
            connection = Open(SqliteOpenMode.ReadWriteCreate);
            RequireOurs(connection);
            // An answer means that the events survive a loss of power: every commit waits for the disk.
            connection.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;");
            connection.Execute(FormattableString.Invariant($"BEGIN IMMEDIATE; {Schema} PRAGMA user_version = {Version}; PRAGMA application_id = {ApplicationId}; COMMIT;"));
            places.AddRange(new[] { path, path + "-wal" }.Where(File.Exists).Select(file => new FilePlace(file)));
            return connection;
        }
        catch (SqliteException e)
        {
            connection?.Dispose();
            throw new DashboardException(path, e.Message, "a file that can be written, new or of a dashboard", "check the folder's rights, its free space and whether its disk is mounted for writing, or name another file with --database");
        }
        catch
        {
            connection?.Dispose();
            throw;
        }
    }

    /// <summary>Opens a connection for reading; they are pooled.</summary>
    /// <exception cref="StoreUnavailableException">The file is gone.</exception>
    public SqliteConnection OpenReader()
    {
        RequireInPlace();
        // Makes no file where the one that was there has just gone.
        var connection = Open(SqliteOpenMode.ReadWrite);
        connection.Execute("PRAGMA query_only = 1; PRAGMA mmap_size = 1073741824;");
        return connection;
    }

    /// <summary>Closes the pooled connections, and the file.</summary>
    public void Dispose()
    {
        using (var connection = new SqliteConnection(ConnectionString(SqliteOpenMode.ReadWrite))) SqliteConnection.ClearPool(connection);
        places.ForEach(place => place.Dispose());
    }

    // Before anything is written: another program's tables stay as they are.
    private void RequireOurs(SqliteConnection connection)
    {
        long version = connection.Scalar<long>("PRAGMA user_version"), application = connection.Scalar<long>("PRAGMA application_id");
        List<string> tables = TablesOf(connection);
        bool isOurs = application == ApplicationId || (application == 0 && (tables.Count == 0 || !tables.Except(OurTables()).Any()));
        if (!isOurs) throw new DashboardException(path, "a database of another program", "a file that is new or of a dashboard", "name another file with --database");
        if (tables.Count > 0 && version is not (0 or Version)) throw new DashboardException(path, $"a database of version {version}", $"version {Version}", "use the program that made it, or name another file with --database");
    }

    private static List<string> OurTables()
    {
        using var memory = new SqliteConnection("Data Source=:memory:");
        memory.Open();
        memory.Execute(Schema);
        return TablesOf(memory);
    }

    private static List<string> TablesOf(SqliteConnection connection) => connection.Rows(row => row.GetString(0), Tables);

    private SqliteConnection Open(SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(ConnectionString(mode));
        connection.Open();
        return connection;
    }

    private string ConnectionString(SqliteOpenMode mode) => new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = mode == SqliteOpenMode.ReadWrite, DefaultTimeout = 30 }.ToString();
}
