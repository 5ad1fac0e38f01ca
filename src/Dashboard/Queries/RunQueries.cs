using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace SparkTrain.Dashboard;

/// <summary>A run as a list shows it. Times are milliseconds since 1970.</summary>
internal sealed record RunSummary(string Id, string Name, string Status, string? Message, long Started, long LastEvent, long? LastStep, double? LastLoss);

/// <summary>A run with what it told of itself.</summary>
internal sealed record RunDetail(RunSummary Run, JsonElement? About, JsonElement? Config);

/// <summary>Answers what runs there are.</summary>
internal sealed class RunQueries(TimeProvider time, TimeSpan silentAfter)
{
    private const string Columns = "uid, name, status, message, first_time, last_time, received, last_step, loss_step, loss";

    /// <summary>All runs, the newest first.</summary>
    public List<RunSummary> All(SqliteConnection connection) => connection.Rows(Summary, $"SELECT {Columns} FROM runs ORDER BY first_time DESC, id DESC");

    /// <summary>One run; null where there is none.</summary>
    public RunDetail? One(SqliteConnection connection, string uid) => connection.Rows(
        row => new RunDetail(Summary(row), Parse(row.Text(10)), Parse(row.Text(11))), $"SELECT {Columns}, about, config FROM runs WHERE uid = $1", uid).FirstOrDefault();

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
        return new(row.GetString(0), row.GetString(1), isSilent ? "silent" : row.GetString(2), row.Text(3), row.GetInt64(4), row.GetInt64(5), row.Whole(7), row.IsDBNull(8) ? null : row.Number(9));
    }

    private static JsonElement? Parse(string? json) => json is null ? null : JsonElement.Parse(json);
}
