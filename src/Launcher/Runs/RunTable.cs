using System.Globalization;
using System.Text.Json;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Runs;

/// <summary>Runs as a table, or as a JSON object a line.</summary>
internal static class RunTable
{
    private static readonly string[] Head = ["run", "status", "step", "loss", "val loss", "tok/s", "active", "keys", "last logged"];

    /// <summary>Writes a line for every run.</summary>
    public static void Write(IReadOnlyList<RunEntry> runs, DateTime now, TextWriter output)
    {
        string[][] rows = [Head, .. runs.Select(run => Row(run, now))];
        int[] widths = [.. Enumerable.Range(0, Head.Length).Select(column => rows.Max(row => row[column].Length))];
        foreach (string[] row in rows)
            output.WriteLine(string.Join("  ", row.Select((cell, column) => column is 0 or 1 or 8 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))).TrimEnd());
    }

    /// <summary>Writes a JSON object a line for every run.</summary>
    public static void WriteJson(IReadOnlyList<RunEntry> runs, TextWriter output)
    {
        foreach (var run in runs)
            output.WriteLine(JsonSerializer.Serialize(new
            {
                run = run.Name,
                path = run.Path,
                status = run.StatusText,
                step = run.Last?.Step ?? 0,
                steps = run.Steps,
                tokens = run.Last?.Tokens ?? 0,
                loss = Finite(run.Last?.Loss),
                val_loss = Finite(run.LastValidated?.ValLoss),
                tokens_per_second = Finite(run.Last?.TokensPerSecond),
                ffn_active_fraction = Finite(run.Last?.FfnActiveFraction),
                attention_kept = Finite(run.Last?.AttentionKept),
                last_logged = run.Changed,
            }));
    }

    /// <summary>Says how long ago something was.</summary>
    public static string Ago(TimeSpan time) => time.TotalSeconds < 90 ? $"{Math.Max(0, (int)time.TotalSeconds)} s ago" : time.TotalMinutes < 90 ? $"{(int)time.TotalMinutes} min ago" : time.TotalHours < 48 ? $"{(int)time.TotalHours} h ago" : $"{(int)time.TotalDays} days ago";

    private static string[] Row(RunEntry run, DateTime now)
    {
        var last = run.Last;
        string Text(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";
        return [run.Name, run.StatusText, string.Create(CultureInfo.InvariantCulture, $"{last?.Step ?? 0}/{run.Steps}"), Text(last?.Loss, "f4"), Text(run.LastValidated?.ValLoss, "f4"),
            Text(last?.TokensPerSecond, "N0"), Text(last?.FfnActiveFraction, "P1"), Text(last?.AttentionKept, "f1"), Ago(now - run.Changed)];
    }

    // JSON knows no other numbers.
    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;
}
