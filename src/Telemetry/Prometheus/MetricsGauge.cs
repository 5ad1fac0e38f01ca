using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Serilog.Core;
using Serilog.Events;

namespace SparkTrain.Telemetry;

/// <summary>The newest numbers of a run, as the page <c>/metrics</c> in Prometheus' text format (version 0.0.4).</summary>
/// <param name="run">The run's name, a label of every number.</param>
public sealed partial class MetricsGauge(string run) : ILogEventSink
{
    /// <summary>What the page is.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly Lock guard = new();
    private readonly SortedDictionary<string, SortedDictionary<string, double>> numbers = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public void Emit(LogEvent logEvent)
    {
        if (RunEvent.KindOf(logEvent) != RunEvent.Metrics) return;
        lock (guard)
        {
            if (RunEvent.StepOf(logEvent) is { } step) Set("step", "", step);
            foreach (var (name, value) in RunEvent.NumbersOf(logEvent))
            {
                var parts = Parts().Match(name);
                string label = parts.Groups["layer"] is { Success: true } layer ? $",layer=\"{layer.Value}\"" : parts.Groups["key"] is { Success: true } key ? $",key=\"{Escaped(key.Value)}\"" : "";
                Set(Unfit().Replace(parts.Groups["name"].Value, "_"), label, value);
            }
        }
    }

    /// <summary>Writes the page.</summary>
    public string Write()
    {
        var page = new StringBuilder();
        lock (guard)
            foreach (var (name, values) in numbers)
            {
                page.Append(CultureInfo.InvariantCulture, $"# TYPE sparktrain_{name} gauge\n");
                foreach (var (label, value) in values) page.Append(CultureInfo.InvariantCulture, $"sparktrain_{name}{{run=\"{Escaped(run)}\"{label}}} {Text(value)}\n");
            }
        return page.ToString();
    }

    private void Set(string name, string label, double value)
    {
        if (!numbers.TryGetValue(name, out var values)) numbers[name] = values = new(StringComparer.Ordinal);
        values[label] = value;
    }

    private static string Text(double value) => double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : value.ToString("R", CultureInfo.InvariantCulture);

    private static string Escaped(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    [GeneratedRegex(@"^(?<name>[^\[/]+)(\[(?<layer>\d+)\]|/(?<key>.*))?$", RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex Parts();

    [GeneratedRegex("[^a-zA-Z0-9_:]")]
    private static partial Regex Unfit();
}
