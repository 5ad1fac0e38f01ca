using System.Globalization;
using SparkTrain.Checkpoints;
using SparkTrain.Input;
using SparkTrain.Launcher.Doctor;

namespace SparkTrain.Launcher.Inspection;

/// <summary>Renders the checkpoints of a run for people, one a line.</summary>
internal static class CheckpointTable
{
    private static readonly string[] Titles = ["checkpoint", "tokens", "ranks", "size", "val loss", "written (UTC)", "age", "state"];

    public static void Write(IReadOnlyList<CheckpointEntry> entries, IReadOnlyDictionary<long, double> valLosses, DateTime nowUtc, TextWriter output)
    {
        string[][] rows = [Titles, .. entries.Select(entry => Row(entry, valLosses, nowUtc))];
        int[] widths = [.. Titles.Select((_, column) => rows.Max(row => row[column].Length))];
        // Names to the left, numbers to the right; the last column runs on.
        foreach (string[] row in rows)
            output.WriteLine(string.Join("  ", row.Select((cell, column) => column == Titles.Length - 1 ? cell : column == 0 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))));
    }

    /// <summary>Words the state of a checkpoint, and of its bytes where they were read.</summary>
    public static string State(CheckpointEntry entry)
    {
        string state = entry.State switch
        {
            CheckpointState.Complete => "complete",
            CheckpointState.Incomplete => "incomplete",
            CheckpointState.Unfinished => "unfinished",
            CheckpointState.SetAside => "set aside",
            CheckpointState.OtherFormat => "other format",
            _ => "unreadable",
        };
        return entry.Problems switch
        {
            null => entry.Reason is null ? state : $"{state}: {entry.Reason}",
            [] when entry.State == CheckpointState.Complete => "ok",
            [] => $"{state}; its bytes are as they were written",
            _ => $"{(entry.Counts ? "damaged" : state)}: {string.Join("; ", entry.Problems.Select(problem => $"{Path.GetFileName(problem.Where)}: {problem.Found}"))}",
        };
    }

    /// <summary>Words how long ago something was.</summary>
    public static string Age(TimeSpan age) => age switch
    {
        { TotalMinutes: < 1 } => "now",
        { TotalHours: < 1 } => $"{(long)age.TotalMinutes} min",
        { TotalDays: < 1 } => $"{(long)age.TotalHours} h",
        _ => $"{(long)age.TotalDays} d",
    };

    private static string[] Row(CheckpointEntry entry, IReadOnlyDictionary<long, double> valLosses, DateTime nowUtc) =>
    [
        Path.GetFileName(Path.TrimEndingDirectorySeparator(entry.Folder)),
        entry.Manifest?.Progress.Tokens.ToString("N0", CultureInfo.InvariantCulture) ?? "",
        entry.Manifest?.WorldSize.ToString(CultureInfo.InvariantCulture) ?? "",
        Size.Text(entry.Bytes),
        valLosses.TryGetValue(entry.Step, out double loss) ? loss.ToString("F4", CultureInfo.InvariantCulture) : "",
        entry.WrittenUtc.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
        Age(nowUtc - entry.WrittenUtc),
        State(entry),
    ];
}
