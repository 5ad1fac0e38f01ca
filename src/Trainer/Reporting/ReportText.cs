using System.Globalization;
using System.Text;
using System.Text.Json;
using SparkTrain.Input;

namespace SparkTrain.Trainer;

/// <summary>A report in Markdown.</summary>
internal sealed class ReportText
{
    // A reader looks for what is new; report.json has more, the journal all.
    private const int ShownWarnings = 20;

    private readonly StringBuilder text = new();
    private readonly RunReport report;

    private ReportText(RunReport report) => this.report = report;

    /// <summary>Returns the text.</summary>
    public static string Of(RunReport report)
    {
        var writer = new ReportText(report);
        writer.Summary();
        writer.Curves();
        writer.Sparsity();
        writer.Writing();
        writer.Warnings();
        writer.Checkpoints();
        writer.GoOn();
        writer.Origin();
        return writer.text.ToString();
    }

    private void Summary()
    {
        Line($"# {report.Run}: {Status()}\n");
        if (report.Problem is { } problem) Line($"> {problem.ReplaceLineEndings("\n> ")}\n");
        Line($"| | |\n| --- | --- |");
        Line($"| parameters | {report.Parameters:N0} |");
        Line($"| steps | {report.Step:N0} of {report.Steps:N0} |");
        Line($"| tokens | {report.Tokens:N0} |");
        Line($"| training time | {Pace.Text(report.TrainingSeconds)} on {report.Origin.Ranks} rank{(report.Origin.Ranks == 1 ? "" : "s")}, without validation and saving |");
        if (report.Loss is { } loss) Line($"| loss of the last logged step | {loss:f4} nats per token |");
        if (report.ValLoss is { } valLoss) Line($"| validation loss | {valLoss:f4} nats per token, {report.ValBitsPerByte:f4} bits per byte |");
        if (report.Best is { } best) Line($"| lowest validation loss | {best.ValLoss:f4}, step {best.Step:N0} |");
        if (report.TokensPerSecond is { } rate) Line($"| tokens a second | {rate:N0} (median of the logged steps) |");
        if (report.Mfu is { } mfu) Line($"| MFU | {mfu:P1} (median of the logged steps){(report.PeakTeraflops is { } peak ? Inv($" of {peak:f2} TFLOP/s") : "")} |");
    }

    private void Curves()
    {
        if (report.Loss is not null) Line($"\n## Curves\n\n![Loss, gradient norm, learning rate, speed and sparsity by step](report.svg)\n\nEvery logged step is in metrics.jsonl.");
    }

    private void Sparsity()
    {
        if (report.Layers.Count == 0) return;
        Line($"\n## Sparsity of the last logged step\n\n| layer | active FFN units | target | keys kept a query | target |\n| --- | --- | --- | --- | --- |");
        foreach (var (index, layer) in report.Layers.Index())
            Line($"| {index} | {layer.FfnActiveFraction:P1} | {(layer.FfnTarget is { } ffn ? Inv($"{ffn:P1}") : "none")} | {layer.AttentionKept:f1} | {(layer.AttentionTarget is { } keys ? Inv($"{keys:f0}") : "none")} |");
        Line($"\nKeys kept are a mean over queries; those near the beginning of a sequence see fewer keys than the target.");
    }

    private void Writing()
    {
        if (report.Generated.Count == 0) return;
        Line($"\n## What it writes, step {report.Generated[0].Step:N0}");
        foreach (var sample in report.Generated) Fenced(Visible.Of($"{sample.Prompt}⟦{sample.Text}⟧"));
        Line($"\nThe model's words stand in ⟦ ⟧. Earlier steps are in generated.jsonl.");
    }

    private void Warnings()
    {
        Line($"\n## Warnings and guards\n");
        if (report.WarningCount == 0 && report.Crash.Count == 0) Line($"None.");
        if (report.WarningCount > ShownWarnings) Line($"{report.WarningCount:N0} in all; the newest {ShownWarnings}:\n");
        foreach (var warning in report.Warnings.TakeLast(ShownWarnings)) Line($"- {warning.Time:yyyy-MM-dd HH:mm:ss}: {Escaped(warning.Message)}");
        foreach (string file in report.Crash) Line($"- a guard has left crash/{file}");
    }

    private void Checkpoints()
    {
        if (report.Checkpoints.Count == 0) return;
        Line($"\n## Checkpoints\n\n| checkpoint | size | validation loss |\n| --- | --- | --- |");
        foreach (var kept in report.Checkpoints) Line($"| checkpoints/{kept.Name} | {kept.Bytes / 1e6:N1} MB | {(kept.ValLoss is { } loss ? Inv($"{loss:f4}") : "")} |");
    }

    private void GoOn()
    {
        string what = report.Status == RunStatus.Complete ? "complete. With a larger `Training.Steps` it trains on"
            : report.Checkpoints.Count > 0 ? "not complete. It goes on from its newest checkpoint" : "not complete, and has no checkpoint. It begins anew";
        Line($"\n## Going on\n\nThe run is {what}, in {Escaped(report.Origin.Folder)}, on any number of ranks, by{(report.Origin.Command.Contains("--until", StringComparison.Ordinal) ? ", without `--until`" : "")}");
        Line($"\n    dotnet Launcher.dll {report.Origin.Command}");
        if (report.Status == RunStatus.Complete) Line($"\nThe model is in model/: `generate --model`, `evaluate --model` and `export` take it.");
    }

    private void Origin()
    {
        var origin = report.Origin;
        Line($"\n## Where it comes from\n\n| | |\n| --- | --- |");
        Line($"| ended | {report.Ended:yyyy-MM-dd HH:mm:ss} UTC |");
        Line($"| machine | {Escaped(origin.Host)}: {Escaped(origin.Processor)}, {origin.Cores} core{(origin.Cores == 1 ? "" : "s")}, {origin.MemoryBytes / 1e9:f1} GB of memory; {Escaped(origin.System)} |");
        Line($"| SparkTrain | {origin.Version}{(origin.Commit is null ? "" : $"; the command was given in a working tree at commit {origin.Commit}")} |");
        Line($"| data | fingerprint {origin.DataFingerprint} |");
        Line($"\n<details><summary>Configuration, defaults included</summary>");
        Fenced(report.Config.ToJsonString(new JsonSerializerOptions(RunReport.Json)), "json");
        Line($"\n</details>");
    }

    // A fence is longer than any in what it holds.
    private void Fenced(string content, string language = "")
    {
        int ticks = 0, most = 2;
        foreach (char c in content) most = Math.Max(most, ticks = c == '`' ? ticks + 1 : 0);
        string fence = new('`', most + 1);
        Line($"\n{fence}{language}\n{content}\n{fence}");
    }

    private string Status() => report.Status switch
    {
        RunStatus.Complete => "complete",
        RunStatus.Stopped => "saved before its last step; the same command goes on",
        RunStatus.Failed => "ended by an error",
        _ => "running",
    };

    private void Line(FormattableString line) => text.Append(Inv(line)).Append('\n');

    private static string Inv(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    // What Markdown would take for its own.
    private static string Escaped(string text) => string.Concat(text.ReplaceLineEndings(" ").Select(c => @"\`*_{}[]<>#|!~".Contains(c, StringComparison.Ordinal) ? $"\\{c}" : $"{c}"));
}
