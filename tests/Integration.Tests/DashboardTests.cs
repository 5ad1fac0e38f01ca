using System.Text.Json.Nodes;

namespace SparkTrain.Integration.Tests;

/// <summary>The dashboard's page while a run trains, in headless Chromium (training.mjs).</summary>
public sealed class DashboardTests : IDisposable
{
    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    [Fact]
    public void A_run_is_drawn_while_it_trains_as_it_was_logged()
    {
        Assert.Equal(0, work.Train("--set", "Run.Name=slow", "--set", "LrSchedule.Lr=1e-3").ExitCode);
        string root = Cli.RepositoryFolder(), screenshots = Directory.CreateDirectory(Path.Combine(root, "artifacts/dashboard")).FullName;
        var serving = Cli.Start(work.Folder, "runs", "serve", "runs", "--listen", "127.0.0.1:0");
        serving.WaitFor("http://");
        string address = serving.Out.ToString().Split(' ')[0];

        string[] settings = ["--config", "tiny.json", "--set", "Logging.EverySteps=10", "--set", "Validation.EverySteps=50", "--set", """Generation.Prompts=["the "]""", "--set", "Generation.EverySteps=100", "--set", "Checkpoint.EverySteps=100"];
        var training = Cli.Start(work.Folder, [.. settings, "--set", "Training.Steps=100000"]);
        training.WaitFor("step     10/");
        var browser = Cli.StartProgram(work.Folder, "node", [Path.Combine(AppContext.BaseDirectory, "training.mjs"), Path.Combine(root, "artifacts/peers/node_modules/playwright-core"), address, screenshots, work["runs/tiny"]]);
        browser.WaitFor("grown");
        training.Signal("TERM");
        Assert.Equal(75, Cli.Finish(training).ExitCode);
        long step = JsonNode.Parse(File.ReadLines(work["runs/tiny/metrics.jsonl"]).Last())!["step"]!.GetValue<long>();
        Assert.Equal(0, Cli.Run(work.Folder, [.. settings, "--set", $"Training.Steps={step + 25}"]).ExitCode);
        var seen = Cli.Finish(browser);
        Assert.Equal("grown\nok training\n", seen.Out + seen.Error);
        serving.Signal("TERM");
        Assert.Equal(0, Cli.Finish(serving).ExitCode);
    }
}
