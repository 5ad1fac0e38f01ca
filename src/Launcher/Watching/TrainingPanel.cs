using System.Globalization;
using Serilog.Core;
using Serilog.Events;
using SparkTrain.Launcher.Runs;
using SparkTrain.Telemetry;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Watching;

/// <summary>How a run is doing, in lines that stay at the bottom of a person's terminal while its log scrolls above.</summary>
/// <param name="terminal">The terminal.</param>
/// <param name="run">The run's name.</param>
/// <param name="steps">Optimizer updates that it is to do.</param>
internal sealed class TrainingPanel(Terminal terminal, string run, long steps) : ILogEventSink, IDisposable
{
    private const int CurvePoints = 40;

    private readonly Queue<double> losses = new();
    private readonly Dictionary<string, double> newest = [];
    private long step;
    private string left = "";

    /// <summary>Takes in the line or the numbers of a step.</summary>
    public void Emit(LogEvent logEvent)
    {
        if (logEvent.MessageTemplate.Text == TrainEvents.Step) left = $", {((ScalarValue)logEvent.Properties["Eta"]).Value} left";
        if (RunEvent.KindOf(logEvent) != RunEvent.Metrics || RunEvent.StepOf(logEvent) is not { } now) return;
        foreach (var (name, value) in RunEvent.NumbersOf(logEvent)) newest[name] = value;
        // A validation sends the numbers of its step again.
        if (now > step && newest.TryGetValue("loss", out double loss)) losses.Enqueue(loss);
        if (losses.Count > CurvePoints) losses.Dequeue();
        step = now;
        terminal.ShowBelow(Lines());
    }

    /// <summary>Takes the lines away.</summary>
    public void Dispose() => terminal.ShowBelow([]);

    private List<string> Lines()
    {
        double done = steps > 0 ? (double)step / steps : 0;
        List<string> lines = [Text($"{run}  {RunPage.Bar(done)} {done:P1}  step {step:N0} of {steps:N0}{left}")];
        if (losses.Count > 0) lines.Add(Text($"loss {newest["loss"],7:f3}  {Sparkline.Of([.. losses]),-CurvePoints}  {Number("validation", "val_loss", "f3")}{Number("", "tokens_per_second", "N0")} tok/s  {Number("mfu", "mfu", "P1")}"));
        if (Layers("ffn_active_fraction_by_layer") is { Count: > 0 } active && Layers("attention_kept_by_layer") is { Count: > 0 } kept)
            lines.Add(Text($"by layer: active FFN units {Sparkline.Of(active)} {active.Average():P1}  keys kept {Sparkline.Of(kept)} {kept.Average():f1}"));
        return lines;
    }

    private string Number(string title, string name, string format) =>
        newest.TryGetValue(name, out double value) ? $"{title}{(title.Length > 0 ? " " : "")}{value.ToString(format, CultureInfo.InvariantCulture)}{(title.Length > 0 ? "  " : "")}" : "";

    private List<double> Layers(string name)
    {
        var values = new List<double>();
        while (newest.TryGetValue(string.Create(CultureInfo.InvariantCulture, $"{name}[{values.Count}]"), out double value)) values.Add(value);
        return values;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
