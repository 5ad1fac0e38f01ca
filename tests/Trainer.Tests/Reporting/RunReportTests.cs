using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using SparkTrain.Checkpoints;
using SparkTrain.ModelFormat;
using SparkTrain.Support;

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
        using var run = Run();
        var report = Report(RunStatus.Failed, "the loss is not a number");
        Assert.Equal((4L, 8L, 1024L, 62.5, 2), (report.Step, report.Steps, report.Tokens, report.TrainingSeconds, report.Origin.Ranks));
        Assert.Equal((double.NaN, 4.5, 2.75), (report.Loss, report.ValLoss, report.ValBitsPerByte));
        Assert.Equal(new BestValidation(2, 4.25), report.Best);
        Assert.Equal((210.0, 0.15), (report.TokensPerSecond, report.Mfu));
        // 8 of 96 neurons, and 8 keys.
        Assert.Equal([new(0.125, 8.0 / 96, 7.5, 8), new(0.08, 8.0 / 96, 8, 8)], report.Layers);
    }

    [Fact]
    public void A_dense_layer_has_no_target()
    {
        var dense = Config.Model with { Ffn = Config.Model.Ffn with { Kind = FfnKind.Gated, Active = 0 }, Attention = Config.Model.Attention with { Kind = AttentionKind.Dense, Active = 0 } };
        Assert.Equal(new LayerSparsity(0.125, null, 7.5, null), LayerSparsity.Of(dense, Logged[2])[0]);
        Assert.Empty(LayerSparsity.Of(dense, null));
    }

    [Fact]
    public void What_the_run_left_in_its_folder_is_told()
    {
        using var run = Run();
        Assert.Equal(["the disk is slow", "the disk is full"], Report(RunStatus.Complete, null).Warnings.Select(w => w.Message));
        var report = Report(RunStatus.Complete, null);
        Assert.Equal([new(4, "the ", "norm"), new(4, "k", "eys")], report.Generated);
        Assert.Equal([new("step-00000004", 4, 5, null), new("step-00000002", 2, 3, 4.25)], report.Checkpoints);
        Assert.Equal(["step-00000005.json"], report.Crash);
        report.Write(run);
        string text = File.ReadAllText(run.ReportText);
        foreach (string line in (string[])["```\nthe ⟦norm⟧\n```", "- 2026-11-27 10:00:01: the disk is full", "- a guard has left crash/step-00000005.json", "| checkpoints/step-00000002 | 0.0 MB | 4.2500 |",
            "    dotnet Launcher.dll --config tiny.json", "| machine | vm\\_1: Zen, 2 cores, 16.0 GB of memory; Linux |", "| data | fingerprint abc |", "\"VocabSize\": 258"])
            Assert.Contains(line, text, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_many_warnings_the_newest_are_told_and_all_counted()
    {
        using var run = Run();
        File.AppendAllLines(run.Events, Enumerable.Range(0, 200).Select(i => Warning(2, $"number {i}")));
        var report = Report(RunStatus.Complete, null);
        Assert.Equal((202, 100, "number 199"), (report.WarningCount, report.Warnings.Count, report.Warnings[^1].Message));
    }

    [Fact]
    public void What_the_model_writes_does_not_break_out_of_its_block()
    {
        using var run = Run();
        File.WriteAllText(run.GeneratedFile, """{"step":4,"prompt":"a","text":"```\n# no heading\u001b[2J"}""" + "\n");
        Report(RunStatus.Complete, null).Write(run);
        Assert.Contains("````\na⟦```\n# no heading\\u001b[2J⟧\n````\n", File.ReadAllText(run.ReportText), StringComparison.Ordinal);
    }

    [Fact]
    public void All_files_say_the_same()
    {
        using var run = Run();
        Report(RunStatus.Failed, "the loss\nis not a number").Write(run);
        var json = JsonNode.Parse(File.ReadAllText(run.Report))!;
        Assert.Equal(("failed", "NaN", 4.25, 258), (json["status"]!.GetValue<string>(), json["loss"]!.GetValue<string>(), json["best"]!["val_loss"]!.GetValue<double>(), json["config"]!["Model"]!["VocabSize"]!.GetValue<int>()));
        string text = File.ReadAllText(run.ReportText);
        Assert.StartsWith("# tiny: ended by an error\n\n> the loss\n> is not a number\n", text, StringComparison.Ordinal);
        foreach (string line in (string[])["| steps | 4 of 8 |", "| tokens | 1,024 |", "| validation loss | 4.5000 nats per token, 2.7500 bits per byte |", "| lowest validation loss | 4.2500, step 2 |", "| 1 | 8.0 % | 8.3 % | 8.0 | 8 |", "](report.svg)"])
            Assert.Contains(line, text, StringComparison.Ordinal);
        var picture = XDocument.Load(run.ReportPicture);
        XNamespace svg = "http://www.w3.org/2000/svg";
        // The losses 5, 4, 3 fall evenly.
        var loss = picture.Descendants(svg + "polyline").First().Attribute("points")!.Value.Split(' ').Select(point => point.Split(',').Select(n => double.Parse(n, CultureInfo.InvariantCulture)).ToArray()).ToArray();
        Assert.Equal(3, loss.Length);
        Assert.Equal(loss[1][0] - loss[0][0], loss[2][0] - loss[1][0], 0.11);
        Assert.Equal(loss[1][1] - loss[0][1], loss[2][1] - loss[1][1], 0.11);
        Assert.True(loss[2][1] > loss[0][1]);
        Assert.Equal(3, picture.Descendants(svg + "circle").Count());
        // Two layers at two steps: 0.5 and 0.25, 0.125 and 0.08; the palest has a tenth of the colour.
        Assert.Equal(["1", "0.464", "0.196", "0.1"], picture.Descendants(svg + "rect").Where(r => (string?)r.Attribute("class") == "cell").Select(r => r.Attribute("fill-opacity")!.Value));
    }

    [Fact]
    public void A_run_that_logged_nothing_has_a_report()
    {
        using var run = RunFolder.Open(Config.Run with { Folder = folder["runs"] });
        var report = Report(RunStatus.Stopped, null);
        Assert.Equal((null, 0, 0), (report.Loss, report.Layers.Count, report.Generated.Count));
        report.Write(run);
        XDocument.Load(run.ReportPicture);
        Assert.Contains("The run is not complete, and has no checkpoint. It begins anew, in /home/me, on any number of ranks, by\n", File.ReadAllText(run.ReportText), StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_curve_is_drawn_from_its_first_steps_to_its_last_by_few_points()
    {
        using var run = Run();
        File.WriteAllLines(run.MetricsFile, Enumerable.Range(1, 6000).Select(step => JsonSerializer.Serialize(new { step, tokens = step, loss = 1.0 / step })));
        Report(RunStatus.Complete, null).Write(run);
        string[] points = XDocument.Load(run.ReportPicture).Descendants().First(e => e.Name.LocalName == "polyline").Attribute("points")!.Value.Split(' ');
        Assert.Equal(300, points.Length);
    }

    [Theory, InlineData("▁█", 1.0, 2.0), InlineData("▁▁", 3.0, 3.0), InlineData("", double.NaN), InlineData("▁ █", 0.0, double.PositiveInfinity, 7.0), InlineData("█▅▁", 8.0, 4.0, 0.0)]
    public void A_sparkline_goes_from_the_lowest_to_the_highest(string line, params double[] values) => Assert.Equal(line, Sparkline.Of(values));

    private static TrainConfig Config => TinyRun.Config("data", "runs");

    private RunReport Report(RunStatus status, string? problem) => RunReport.Of(Config, Origin, status, problem, new(4, 1024, 32, 62.5), RunFolder.Of(Config.Run with { Folder = folder["runs"] }), new(2026, 11, 27, 12, 0, 0, DateTimeKind.Utc));

    private static RunOrigin Origin => new() { Command = "--config tiny.json", Folder = "/home/me", Version = "1", Host = "vm_1", Processor = "Zen", Cores = 2, MemoryBytes = 16_000_000_000, System = "Linux", Ranks = 2, DataFingerprint = "abc" };

    // A run's folder, by hand.
    private RunFolder Run()
    {
        var run = RunFolder.Open(Config.Run with { Folder = folder["runs"] });
        File.WriteAllLines(run.MetricsFile, Logged.Select(m => m.ToJson().ToJsonString(StepMetrics.Json)));
        File.WriteAllLines(run.GeneratedFile, ["""{"step":2,"prompt":"the ","text":"of"}""", """{"step":4,"prompt":"the ","text":"norm"}""", """{"step":4,"prompt":"k","text":"eys"}""", """{"step":6,"pro"""]);
        foreach (int step in (int[])[2, 4])
        {
            string checkpoint = Directory.CreateDirectory(new CheckpointStore(run.Checkpoints).PathOf(step)).FullName;
            File.WriteAllText(Path.Combine(checkpoint, "COMPLETE"), new string('x', step + 1));
        }
        Directory.CreateDirectory(run.Crash);
        File.WriteAllText(Path.Combine(run.Crash, "step-00000005.json"), "{}");
        Directory.CreateDirectory(run.Log);
        File.WriteAllLines(run.Events, ["""{"Timestamp":"2026-11-27T09:00:00Z","Level":"Information","RenderedMessage":"no \\"Level\\":\\"Warning\\""}""", Warning(0, "the disk is slow"), Warning(1, "the disk is full"), Warning(2, "half")[..50]]);
        return run;
    }

    private static string Warning(int second, string message) => $$"""{"Timestamp":"2026-11-27T10:00:0{{second}}.0000000Z","Level":"Warning","MessageTemplate":"","RenderedMessage":"{{message}}"}""";
}
