using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using SparkTrain.Data;

namespace SparkTrain.Launcher.DataViews;

/// <summary>Prints what a check of data sets has found.</summary>
internal static class CheckView
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>Prints a table a data set, then all problems.</summary>
    public static void Write(IReadOnlyList<DatasetReport> reports, IReadOnlyList<DataProblem> leaks, long bytes, TimeSpan time, Terminal terminal)
    {
        foreach (var report in reports)
        {
            terminal.Out.WriteLine(report.Folder);
            if (report.Splits.Count > 0) terminal.Out.WriteLine($"  {"",-12}{"tokens",15}{"documents",13}{"bytes/token",13}{"shards",8}{"groups",8}{"shortest",10}{"median",9}{"longest",11}{"empty",7}{"copies",9}");
            foreach (var s in report.Splits)
                terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"  {s.Name,-12}{s.Tokens,15:N0}{s.Documents,13:N0}{(double)s.TextBytes / Math.Max(1, s.Tokens),13:F2}{s.Shards,8:N0}{s.RowGroups,8:N0}{s.Shortest,10:N0}{s.Median,9:N0}{s.Longest,11:N0}{s.Empty,7:N0}{s.Duplicates,9:N0}"));
        }
        foreach (var problem in All(reports, leaks))
            terminal.Out.WriteLine($"{terminal.Colored(problem.IsDamage ? "damaged" : "warning", problem.IsDamage ? AnsiColor.Red : AnsiColor.Yellow)}  {Visible.Of(problem.Where)}: {Visible.Of(problem.Found)}");
        int damaged = All(reports, leaks).Count(problem => problem.IsDamage), warnings = All(reports, leaks).Count() - damaged;
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(damaged > 0 ? "damaged" : "good")}: {damaged} problems, {warnings} warnings; {bytes / 1e6:N1} MB in {time.TotalSeconds:F1} s, {bytes / 1e6 / time.TotalSeconds:N0} MB/s"));
        if (damaged > 0) terminal.Out.WriteLine("  do: copy the named files again from where the data set was made, or prepare it again");
    }

    /// <summary>Prints the same for programs.</summary>
    public static void WriteJson(IReadOnlyList<DatasetReport> reports, IReadOnlyList<DataProblem> leaks, TextWriter output) =>
        output.WriteLine(JsonSerializer.Serialize(new { Datasets = reports, Leaks = leaks }, Json));

    /// <summary>Every problem of all data sets.</summary>
    public static IEnumerable<DataProblem> All(IReadOnlyList<DatasetReport> reports, IReadOnlyList<DataProblem> leaks) =>
        reports.SelectMany(report => report.Problems.Concat(Warnings(report))).Concat(leaks);

    private static IEnumerable<DataProblem> Warnings(DatasetReport report)
    {
        foreach (var split in report.Splits)
        {
            string where = $"{report.Folder} split '{split.Name}'";
            if (split.Empty > 0) yield return new(where, $"{split.Empty} documents have no text", IsDamage: false);
            if (split.Duplicates > 0) yield return new(where, $"{split.Duplicates} documents are copies of another one; prepare --deduplicate leaves them out", IsDamage: false);
        }
    }
}

/// <summary>Shows how much has been read: a line that is redrawn where a person watches.</summary>
internal sealed class CheckProgress(Terminal terminal) : IProgress<long>, IDisposable
{
    private readonly Stopwatch watch = Stopwatch.StartNew();
    private long bytes;

    /// <summary>Bytes read.</summary>
    public long Bytes => Interlocked.Read(ref bytes);

    /// <summary>Time since the beginning.</summary>
    public TimeSpan Elapsed => watch.Elapsed;

    public void Report(long value)
    {
        long now = Interlocked.Add(ref bytes, value);
        if (terminal.IsLive) terminal.Out.Write(string.Create(CultureInfo.InvariantCulture, $"\r\e[K{now / 1e6:N0} MB"));
    }

    public void Dispose()
    {
        if (terminal.IsLive) terminal.Out.Write("\r\e[K");
    }
}
