using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace SparkTrain.Dashboard;

/// <summary>A line of a run's log. <c>Cursor</c> asks for what comes before it.</summary>
internal sealed record LogLine(string Cursor, long Time, string Level, string Text, string? Exception);

/// <summary>A checkpoint or a sample; its fields are in <c>Data</c>.</summary>
internal sealed record StepEvent(long Time, long Step, JsonElement Data);

/// <summary>Reads what is no metric.</summary>
internal static class EventQueries
{
    private static readonly string[] Levels = ["Verbose", "Debug", "Information", "Warning", "Error", "Fatal"];

    /// <summary>The newest lines of a level or above, before a cursor, the newest first.</summary>
    public static List<LogLine> Log(SqliteConnection connection, string uid, string level, Cursor before, int max) => connection.Rows(
        row => new LogLine(new Cursor(row.GetInt64(1), row.GetInt64(0)).ToString(), row.GetInt64(1), row.GetString(2), row.GetString(3), row.Text(4)),
        $"""
        SELECT e.id, e.time, e.level, e.text, e.exception FROM events e
        WHERE e.run = (SELECT id FROM runs WHERE uid = $1) AND e.kind = 0 AND (e.time, e.id) < ($2, $3) AND e.level IN ({AtLeast(level)})
        ORDER BY e.time DESC, e.id DESC LIMIT $4
        """, uid, before.Time, before.Id, max);

    /// <summary>The checkpoints, the newest first.</summary>
    public static List<StepEvent> Checkpoints(SqliteConnection connection, string uid, int max) => OfKind(connection, EventKind.Checkpoint, "ORDER BY time DESC, id DESC LIMIT $2", uid, max);

    /// <summary>The samples of steps before a step, the latest step first, those of a step in the order in which they came; of one prompt, or of all where it is empty.</summary>
    public static List<StepEvent> Samples(SqliteConnection connection, string uid, string prompt, long before, int max) =>
        OfKind(connection, EventKind.Sample, "AND step < $3 AND ($4 = '' OR data ->> '$.prompt' = $4) ORDER BY step DESC, id LIMIT $2", uid, max, before, prompt);

    private static List<StepEvent> OfKind(SqliteConnection connection, EventKind kind, string rest, params ReadOnlySpan<object?> values) => connection.Rows(
        row => new StepEvent(row.GetInt64(0), row.GetInt64(1), JsonElement.Parse(row.GetString(2))),
        $"SELECT time, step, data FROM events WHERE run = (SELECT id FROM runs WHERE uid = $1) AND kind = {(int)kind} {rest}", values);

    /// <summary>Returns whether there is such a level.</summary>
    public static bool IsLevel(string level) => Levels.Contains(level);

    // The names are constants of this file.
    private static string AtLeast(string level) => string.Join(", ", Levels.Skip(Array.IndexOf(Levels, level)).Select(name => $"'{name}'"));
}
