using System.Globalization;
using System.Text.Json.Nodes;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Runs;

/// <summary>In what two runs differ: their configurations key by key, and what came of them.</summary>
internal static class RunDiff
{
    /// <summary>The keys whose values differ, with both values; null where a run has no such key.</summary>
    public static IReadOnlyList<(string Key, string? First, string? Second)> OfConfigurations(RunEntry first, RunEntry second)
    {
        var (a, b) = (JsonLeaves.Of(first.Config), JsonLeaves.Of(second.Config));
        return [.. a.Keys.Union(b.Keys).Order(StringComparer.Ordinal)
            .Select(key => (key, a.GetValueOrDefault(key), b.GetValueOrDefault(key)))
            .Where(row => row.Item2 != row.Item3)];
    }

    /// <summary>Writes both.</summary>
    public static void Write(RunEntry first, RunEntry second, TextWriter output)
    {
        var rows = OfConfigurations(first, second).Select(row => (row.Key, First: row.First ?? "–", Second: row.Second ?? "–"))
            .Concat(Results(first, second)).Prepend((Key: "", First: first.Name, Second: second.Name)).ToArray();
        int key = rows.Max(row => row.Key.Length), value = rows.Max(row => row.First.Length);
        foreach (var row in rows) output.WriteLine($"{row.Key.PadRight(key)}  {row.First.PadRight(value)}  {row.Second}".TrimEnd());
    }

    /// <summary>Writes the keys that differ as a JSON object, each with both values as they are in the configurations; null where a run has no such key.</summary>
    public static void WriteJson(RunEntry first, RunEntry second, TextWriter output)
    {
        static JsonNode? Value(string? json) => json is null ? null : JsonNode.Parse(json);
        output.WriteLine(new JsonObject(OfConfigurations(first, second).Select(row => KeyValuePair.Create(row.Key, (JsonNode?)new JsonArray(Value(row.First), Value(row.Second))))).ToJsonString());
    }

    private static IEnumerable<(string Key, string First, string Second)> Results(RunEntry first, RunEntry second)
    {
        yield return ("", "", "");
        foreach (var (name, of, format) in ((string, Func<RunEntry, double?>, string)[])
        [
            ("step", run => run.Last?.Step, "N0"), ("loss", run => run.Last?.Loss, "f4"), ("validation loss", run => run.LastValidated?.ValLoss, "f4"),
            ("tokens a second", run => run.Last?.TokensPerSecond, "N0"), ("active FFN units", run => run.Last?.FfnActiveFraction, "P1"), ("keys kept a query", run => run.Last?.AttentionKept, "f1"),
        ])
            yield return (name, Text(of(first), format), Text(of(second), format));
        if (CommonStep(first, second) is { } step)
            yield return (FormattableString.Invariant($"loss at step {step}"), Text(At(first, step).Loss, "f4"), Text(At(second, step).Loss, "f4"));
    }

    private static long? CommonStep(RunEntry first, RunEntry second) =>
        first.Logged.Where(m => m.Loss is not null).Select(m => m.Step).Intersect(second.Logged.Where(m => m.Loss is not null).Select(m => m.Step)).Select(step => (long?)step).Max();

    private static StepMetrics At(RunEntry run, long step) => run.Logged.Last(m => m.Step == step);

    private static string Text(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "–";
}
