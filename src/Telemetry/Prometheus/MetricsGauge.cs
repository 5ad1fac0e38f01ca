using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Serilog.Core;
using Serilog.Events;

namespace SparkTrain.Telemetry;

/// <summary>
/// The newest numbers of a run, as the page <c>/metrics</c> in Prometheus' text format (version 0.0.4, https://prometheus.io/docs/instrumenting/exposition_formats/). Each number is a metric of one unit: a list has the label
/// <c>layer</c>, an object a metric for each of its names, unless they are data.
/// </summary>
/// <param name="run">The run's name, a label of every number.</param>
/// <param name="descriptions">What the numbers are, by their names in metrics.jsonl; those inside objects as object/name.</param>
public sealed partial class MetricsGauge(string run, IReadOnlyDictionary<string, MetricDescription> descriptions) : ILogEventSink
{
    /// <summary>What the page is.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly Lock guard = new();
    private readonly SortedDictionary<string, Metric> metrics = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public void Emit(LogEvent logEvent)
    {
        if (RunEvent.KindOf(logEvent) != RunEvent.Metrics) return;
        lock (guard)
        {
            if (RunEvent.StepOf(logEvent) is { } step) Set("step", "", step);
            foreach (var (name, value) in RunEvent.NumbersOf(logEvent))
            {
                var (path, label) = Split(name);
                Set(path, label, value);
            }
        }
    }

    /// <summary>Writes the page.</summary>
    public string Write()
    {
        var page = new StringBuilder();
        lock (guard)
            foreach (var (name, metric) in metrics)
            {
                page.Append(CultureInfo.InvariantCulture, $"# HELP sparktrain_{name} {HelpText(metric.Help)}\n# TYPE sparktrain_{name} gauge\n");
                foreach (var (label, value) in metric.Values) page.Append(CultureInfo.InvariantCulture, $"sparktrain_{name}{{run=\"{Escaped(run)}\"{label}}} {Text(value)}\n");
            }
        return page.ToString();
    }

    // source_tokens/name has the label source; ffn/recall[3] is ffn/recall with the label layer.
    private (string Path, string Label) Split(string name)
    {
        int slash = name.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0 && descriptions.TryGetValue(name[..slash], out var parts) && parts.Label is { } label) return (name[..slash], $",{label}=\"{Escaped(name[(slash + 1)..])}\"");
        return Layer().Match(name) is { Success: true } layer ? (name[..layer.Index], $",layer=\"{layer.Groups["layer"].Value}\"") : (name, "");
    }

    private void Set(string path, string label, double value)
    {
        var description = descriptions.GetValueOrDefault(path);
        string name = Unfit().Replace(description?.Name ?? path, "_");
        if (!metrics.TryGetValue(name, out var metric)) metrics[name] = metric = new(description?.Help ?? $"The number {path} of a step.");
        metric.Values[label] = value;
    }

    private static string Text(double value) => double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : value.ToString("R", CultureInfo.InvariantCulture);

    private static string Escaped(string text) => HelpText(text).Replace("\"", "\\\"", StringComparison.Ordinal);

    private static string HelpText(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    [GeneratedRegex(@"\[(?<layer>\d+)\]$", RegexOptions.ExplicitCapture)]
    private static partial Regex Layer();

    [GeneratedRegex("[^a-zA-Z0-9_]+")]
    private static partial Regex Unfit();

    private sealed record Metric(string Help)
    {
        public SortedDictionary<string, double> Values { get; } = new(StringComparer.Ordinal);
    }
}
