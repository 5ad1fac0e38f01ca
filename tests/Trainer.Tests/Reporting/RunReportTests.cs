using System.Text.Json.Nodes;
using SparkTrain.Checkpoints;

namespace SparkTrain.Trainer.Tests.Reporting;

/// <summary>What a run leaves for its reader, by hand.</summary>
public sealed class RunReportTests : IDisposable
{
    private static readonly StepMetrics[] Logged =
    [
        new() { Step = 0, Tokens = 0, ValLoss = 5.5, ValBitsPerByte = 3 },
        new() { Step = 1, Tokens = 256, Loss = 5, TokensPerSecond = 100, Mfu = 0.1, FfnActiveFractionByLayer = [0.5, 0.25], AttentionKeptByLayer = [3, 4] },
        new() { Step = 2, Tokens = 512, Loss = 4, TokensPerSecond = 300, Mfu = 0.3, ValLoss = 4.25, ValBitsPerByte = 2.5, FfnActiveFractionByLayer = [0.125, 0.08], AttentionKeptByLayer = [7.5, 8] },
        new() { Step = 3, Tokens = 768, Loss = 3, TokensPerSecond = 200, Mfu = 0.15, ValLoss = 4.5, ValBitsPerByte = 2.75 },
        new() { Step = 4, Tokens = 1024, Loss = double.NaN, TokensPerSecond = 220 },
    ];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Numbers_are_those_of_the_logged_steps()
    {
        var report = Report(RunStatus.Failed, "the loss is not a number");
        Assert.Equal((4L, 8L, 1024L, 62.5, 2), (report.Step, report.Steps, report.Tokens, report.TrainingSeconds, report.Ranks));
        Assert.Equal((double.NaN, 4.5, 2.75), (report.Loss, report.ValLoss, report.ValBitsPerByte));
        Assert.Equal(new BestValidation(2, 4.25), report.Best);
        Assert.Equal((210.0, 0.15), (report.TokensPerSecond, report.Mfu));
        Assert.Equal([0.125, 0.08], report.FfnActiveFractionByLayer);
        Assert.Equal([7.5, 8], report.AttentionKeptByLayer);
        Assert.Equal([1L, 2, 3, 4], report.Losses.Select(point => point.Step));
    }

    [Fact]
    public void Both_files_say_the_same()
    {
        using var run = RunFolder.Open(new() { Name = "tiny", Folder = folder["runs"] });
        Report(RunStatus.Failed, "the loss\nis not a number").Write(run);
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(run.Path, "report.json")))!;
        Assert.Equal(("failed", "NaN", 4.25), (json["status"]!.GetValue<string>(), json["loss"]!.GetValue<string>(), json["best"]!["val_loss"]!.GetValue<double>()));
        string text = File.ReadAllText(Path.Combine(run.Path, "report.md"));
        Assert.StartsWith("# tiny: ended by an error\n\n> the loss\n> is not a number\n", text, StringComparison.Ordinal);
        foreach (string line in (string[])["| steps | 4 of 8 |", "| tokens | 1,024 |", "| validation loss | 4.5000 nats per token, 2.7500 bits per byte |", "| lowest validation loss | 4.2500, step 2 |", "| 1 | 8.0 % | 8.0 |", "    █▅▁ \n"])
            Assert.Contains(line, text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_logged_nothing_has_a_report() =>
        Assert.Equal((0L, null, 0), RunReport.Of(Config, RunStatus.Stopped, null, TrainProgress.Start, 1, []) is var r ? (r.Step, r.Loss, r.Losses.Count) : default);

    [Fact]
    public void A_long_curve_is_drawn_from_its_first_step_to_its_last()
    {
        StepMetrics[] steps = [.. Enumerable.Range(1, 1000).Select(step => new StepMetrics { Step = step, Tokens = step, Loss = 1.0 / step })];
        var losses = RunReport.Of(Config, RunStatus.Complete, null, TrainProgress.Start, 1, steps).Losses;
        Assert.Equal((40, 1L, 1000L), (losses.Count, losses[0].Step, losses[^1].Step));
    }

    [Theory, InlineData("▁█", 1.0, 2.0), InlineData("▁▁", 3.0, 3.0), InlineData("", double.NaN), InlineData("▁ █", 0.0, double.PositiveInfinity, 7.0), InlineData("█▅▁", 8.0, 4.0, 0.0)]
    public void A_sparkline_goes_from_the_lowest_to_the_highest(string line, params double[] values) => Assert.Equal(line, Sparkline.Of(values));

    private static TrainConfig Config => TinyRun.Config("data", "runs");

    private static RunReport Report(RunStatus status, string problem) => RunReport.Of(Config, status, problem, new(4, 1024, 32, 62.5), 2, Logged);
}
