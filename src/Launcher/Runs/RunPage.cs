using System.Globalization;
using SparkTrain.Checkpoints;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Runs;

/// <summary>One run on a page of a terminal: how far it is, its curves, the sparsity of every layer, and what it writes.</summary>
internal static class RunPage
{
    private const int BarWidth = 24;

    /// <summary>Returns the page's lines.</summary>
    /// <param name="run">The run.</param>
    /// <param name="now">The time, UTC.</param>
    /// <param name="width">Columns of the terminal.</param>
    /// <param name="height">Lines of the terminal; layers and texts that do not fit are left out.</param>
    /// <param name="damaged">Receives what is wrong with the file of texts.</param>
    public static IReadOnlyList<string> Lines(RunEntry run, DateTime now, int width, int height, Action<CheckpointException> damaged)
    {
        var lines = new List<string> { Text($"{run.Name} | {run.StatusText} | last logged {RunTable.Ago(now - run.Changed)}") };
        if (run.Last is not { } last) return [.. lines, "nothing is logged yet"];
        double done = run.Steps > 0 ? Math.Clamp((double)last.Step / run.Steps, 0, 1) : 0;
        lines.Add(Text($"step {last.Step:N0} of {run.Steps:N0}  {Bar(done)} {done:P1} | {last.Tokens:N0} tokens{Remaining(run, last)}"));
        lines.Add("");
        Curve("loss", m => m.Loss, "f4");
        Curve("validation loss", m => m.ValLoss, "f4");
        Curve("learning rate", m => m.Lr, "0.00e+0");
        Curve("gradient norm", m => m.GradNorm, "f2");
        Curve("tokens a second", m => m.TokensPerSecond, "N0");
        Curve("MFU", m => m.Mfu, "P1");
        AddLayers(run, lines, height);
        if (lines.Count + 2 < height && run.ReadGenerated(damaged) is [var first, ..] generated)
        {
            lines.AddRange(["", Text($"step {first.Step:N0} writes")]);
            lines.AddRange(generated.Take(height - lines.Count).Select(text => text.Shown));
        }
        return [.. lines.Select(line => line.Length > width ? line[..width] : line)];

        void Curve(string name, Func<StepMetrics, double?> of, string format)
        {
            double[] values = [.. run.Logged.Select(of).OfType<double>()];
            if (values.Length == 0) return;
            lines.Add(Text($"{name,-16} {values[^1].ToString(format, CultureInfo.InvariantCulture),10}  {Sparkline.Of(Last(values, Math.Max(8, width - 30)))}"));
        }
    }

    private static void AddLayers(RunEntry run, List<string> lines, int height)
    {
        var last = run.Logged.LastOrDefault(m => m.FfnActiveFractionByLayer is not null);
        if (last?.FfnActiveFractionByLayer is not { Count: > 0 } active) return;
        lines.Add("");
        lines.Add(Text($"{"layer",-8} {"active FFN units",-BarWidth}          keys kept a query"));
        double most = Math.Max(active.Where(double.IsFinite).DefaultIfEmpty(1).Max(), 1e-9);
        for (int layer = 0; layer < active.Count && lines.Count < height; layer++)
            lines.Add(Text($"{layer,-8} {Bar(active[layer] / most)} {active[layer],6:P1}  {(last.AttentionKeptByLayer is { } kept && layer < kept.Count ? kept[layer] : double.NaN),8:f1}"));
    }

    private static string Remaining(RunEntry run, StepMetrics last) =>
        run.Status == RunStatus.Running && last.StepSeconds is { } seconds ? Text($" | about {Pace.Text(Math.Min(seconds * Math.Max(0, run.Steps - last.Step), 1e9))} left") : "";

    /// <summary>A bar that a share of has been filled.</summary>
    public static string Bar(double share)
    {
        int filled = double.IsFinite(share) ? (int)Math.Round(Math.Clamp(share, 0, 1) * BarWidth) : 0;
        return new string('█', filled) + new string('░', BarWidth - filled);
    }

    private static double[] Last(double[] values, int count) => values.Length <= count ? values : [.. Enumerable.Range(0, count).Select(i => values[(int)((long)i * (values.Length - 1) / (count - 1))])];

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
