using System.Globalization;
using System.Text.Json;
using SparkTrain.Data;

namespace SparkTrain.Launcher.DataViews;

/// <summary>Prints the result of a check.</summary>
internal static class CheckView
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>Prints a table a dataset, then all problems with what to do, then a line that sums up.</summary>
    public static void Write(CheckResult result, long bytes, TimeSpan time, Terminal terminal)
    {
        foreach (var dataset in result.Datasets) WriteDataset(dataset, terminal.Out);
        foreach (var problems in result.Problems.GroupBy(problem => problem.Do))
        {
            foreach (var problem in problems)
                terminal.WriteLine(problem.IsDamage ? "damaged" : "warning", problem.IsDamage ? AnsiColor.Red : AnsiColor.Yellow, $"  {problem.Where}: {problem.Found}");
            terminal.Out.WriteLine($"  do: {problems.Key}");
        }
        foreach (string what in result.NotChecked) terminal.WriteLine("not checked", AnsiColor.Yellow, $"  {what}");
        int damaged = result.Problems.Count(problem => problem.IsDamage);
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{(result.IsDamaged ? "damaged" : "good")}: {Count(damaged, "problem")}, {Count(result.Problems.Count - damaged, "warning")}; {bytes / 1e6:N1} MB in {time.TotalSeconds:F1} s, {bytes / 1e6 / Math.Max(1e-3, time.TotalSeconds):N0} MB/s"));
    }

    /// <summary>Prints the same for programs.</summary>
    public static void WriteJson(CheckResult result, TextWriter output) => output.WriteLine(JsonSerializer.Serialize(new
    {
        result.IsDamaged,
        Warnings = result.Problems.Count(problem => !problem.IsDamage),
        result.Datasets,
        result.Overlaps,
        result.NotChecked,
    }, Json));

    private static void WriteDataset(DatasetReport dataset, TextWriter output)
    {
        output.WriteLine(dataset.Tokenizer is { } tokenizer ? string.Create(CultureInfo.InvariantCulture, $"{dataset.Folder} | {tokenizer.Name} with {tokenizer.VocabSize:N0} ids") : dataset.Folder);
        if (dataset.Splits.Count == 0) return;
        Row("", split => split.Name);
        Row("documents", split => Number(split.Documents));
        Row("tokens", split => Number(split.Tokens));
        Row("bytes of text a token", split => split.Tokens == 0 ? "" : ((double)split.TextBytes / split.Tokens).ToString("F2", CultureInfo.InvariantCulture));
        Row("shortest document", split => Number(split.Shortest));
        Row("median document", split => Number(split.Median));
        Row("longest document", split => Number(split.Longest));
        Row("documents without text", split => Number(split.Empty));
        Row("copies of documents", split => split.Copies is { } copies ? Number(copies) : "not checked");
        Row("shards", split => Number(split.Shards));
        Row("row groups", split => Number(split.RowGroups));
        Row("smallest row group", split => Number(split.SmallestRowGroup));
        Row("largest row group", split => Number(split.LargestRowGroup));

        void Row(string what, Func<SplitReport, string> value) => output.WriteLine($"  {what,-24}{string.Concat(dataset.Splits.Select(split => $"{value(split),20}"))}");
    }

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Count(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";
}
