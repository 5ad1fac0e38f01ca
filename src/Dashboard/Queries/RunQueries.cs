using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace SparkTrain.Dashboard;

/// <summary>A run as a list shows it. Times are milliseconds since 1970; <c>Cursor</c> asks for what comes after it in the list.</summary>
internal sealed record RunSummary(string Id, string Name, string Status, string? Message, long Started, long LastEvent, long? LastStep, double? LastLoss, string Cursor);

/// <summary>A run with what it told of itself.</summary>
internal sealed record RunDetail(RunSummary Run, JsonElement? About, JsonElement? Config);

/// <summary>Answers what runs there are.</summary>
internal sealed class RunQueries(TimeProvider time, TimeSpan silentAfter)
{
    private const string Columns = "uid, name, status, message, first_time, last_time, received, last_step, loss_step, loss, id";

    /// <summary>The newest runs before a cursor, the newest first.</summary>
    public List<RunSummary> Page(SqliteConnection connection, Cursor before, int max) =>
        connection.Rows(Summary, $"SELECT {Columns} FROM runs WHERE (first_time, id) < ($1, $2) ORDER BY first_time DESC, id DESC LIMIT $3", before.Time, before.Id, max);

    /// <summary>Those of some runs that are there.</summary>
    public List<RunSummary> Some(SqliteConnection connection, IEnumerable<string> uids) =>
        [.. uids.SelectMany(uid => connection.Rows(Summary, $"SELECT {Columns} FROM runs WHERE uid = $1", uid))];

    /// <summary>One run; null where there is none.</summary>
    public RunDetail? One(SqliteConnection connection, string uid) => connection.Rows(
        row => new RunDetail(Summary(row), Parse(row.Text(11)), Parse(row.Text(12))), $"SELECT {Columns}, about, config FROM runs WHERE uid = $1", uid).FirstOrDefault();

    /// <summary>The metrics of a run, layers in their order.</summary>
    public static List<string> Keys(SqliteConnection connection, string uid)
    {
        var names = connection.Rows(row => row.GetString(0), "SELECT k.name FROM keys k JOIN runs r ON r.id = k.run WHERE r.uid = $1", uid);
        names.Sort(NaturalOrder.Compare);
        return names;
    }

    private RunSummary Summary(SqliteDataReader row)
    {
        bool isSilent = row.GetString(2) == "running" && time.GetUtcNow().ToUnixTimeMilliseconds() - row.GetInt64(6) > silentAfter.TotalMilliseconds;
        return new(row.GetString(0), row.GetString(1), isSilent ? "silent" : row.GetString(2), row.Text(3), row.GetInt64(4), row.GetInt64(5), row.Whole(7), row.IsDBNull(8) ? null : row.Number(9),
            new Cursor(row.GetInt64(4), row.GetInt64(10)).ToString());
    }

    private static JsonElement? Parse(string? json) => json is null ? null : JsonElement.Parse(json);
}
