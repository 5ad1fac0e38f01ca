using System.Globalization;
using System.Text;

namespace SparkTrain.Trainer;

/// <summary>A report in Markdown.</summary>
internal static class ReportText
{
    /// <summary>Returns the text.</summary>
    public static string Of(RunReport report)
    {
        var text = new StringBuilder();
        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
        Line($"# {report.Run}: {Status(report)}");
        Line($"");
        if (report.Problem is { } problem) Line($"> {problem.ReplaceLineEndings("\n> ")}\n");
        Line($"| | |\n| --- | --- |");
        Line($"| parameters | {report.Parameters:N0} |");
        Line($"| steps | {report.Step:N0} of {report.Steps:N0} |");
        Line($"| tokens | {report.Tokens:N0} |");
        Line($"| training time | {Pace.Text(report.TrainingSeconds)} on {report.Ranks} rank{(report.Ranks == 1 ? "" : "s")}, without validation and saving |");
        if (report.Loss is { } loss) Line($"| loss of the last logged step | {loss:f4} nats per token |");
        if (report.ValLoss is { } valLoss) Line($"| validation loss | {valLoss:f4} nats per token, {report.ValBitsPerByte:f4} bits per byte |");
        if (report.Best is { } best) Line($"| lowest validation loss | {best.ValLoss:f4}, step {best.Step:N0} |");
        if (report.TokensPerSecond is { } rate) Line($"| tokens a second | {rate:N0} (median of the logged steps) |");
        if (report.Mfu is { } mfu) Line($"| MFU | {mfu:P1} (median of the logged steps) |");
        if (report.FfnActiveFractionByLayer.Count > 0) AddLayers(report, Line);
        if (report.Losses.Count > 1)
        {
            Line($"\n## Loss\n\n    {Sparkline.Of([.. report.Losses.Select(point => point.Loss)])}\n");
            Line($"From {report.Losses[0].Loss:f3} at step {report.Losses[0].Step:N0} to {report.Losses[^1].Loss:f3} at step {report.Losses[^1].Step:N0}, in nats per token; every step that was logged is in metrics.jsonl.");
        }
        return text.ToString();
    }

    private static void AddLayers(RunReport report, Action<FormattableString> line)
    {
        line($"\n## Sparsity of the last logged step\n\n| layer | active FFN units | keys kept a query |\n| --- | --- | --- |");
        for (int layer = 0; layer < report.FfnActiveFractionByLayer.Count; layer++)
            line($"| {layer} | {report.FfnActiveFractionByLayer[layer]:P1} | {(layer < report.AttentionKeptByLayer.Count ? report.AttentionKeptByLayer[layer].ToString("f1", CultureInfo.InvariantCulture) : "")} |");
    }

    private static string Status(RunReport report) => report.Status switch
    {
        RunStatus.Complete => "complete",
        RunStatus.Stopped => "saved before its last step; the same command goes on",
        RunStatus.Failed => "ended by an error",
        _ => "running",
    };
}
