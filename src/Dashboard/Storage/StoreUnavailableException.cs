using Microsoft.Data.Sqlite;
using static SQLitePCL.raw;

namespace SparkTrain.Dashboard;

/// <summary>The database cannot be used for now: the disk is full, say, or the file is gone. Senders try again.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>Returns whether an error is of the disk or the file and not of a statement.</summary>
    internal static bool IsOfFile(SqliteException e) =>
        e.SqliteErrorCode is SQLITE_FULL or SQLITE_IOERR or SQLITE_READONLY or SQLITE_CANTOPEN or SQLITE_BUSY or SQLITE_LOCKED or SQLITE_CORRUPT or SQLITE_NOTADB or SQLITE_PERM or SQLITE_PROTOCOL;
}
