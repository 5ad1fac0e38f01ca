using System.Globalization;
using System.Text.Json;
using SparkTrain.Native;
using SparkTrain.Support;

namespace SparkTrain.Integration.Tests;

/// <summary>README's first command, as a new user runs it, and what it trained through both engines.</summary>
public sealed class ReadmeTests : IDisposable
{
    // What README.md says of spark-tiny. Other versions of the SDK bring other documentation, other processors round otherwise.
    private const double ValidationLoss = 3.39, Tolerance = 0.1;

    // A processor that multiplies no bfloat16 fast needs up to a quarter of an hour for all of it. There the first steps are held to the loss that they come to in a whole run.
    private const double LossOfFirstSteps = 4.85;
    private const int FirstSteps = 40, SavedAndLeft = 75;

    private static readonly bool isWhole = Processor.HasFastBfloat16;

    private readonly TemporaryFolder runs = new();

    public void Dispose() => runs.Dispose();

    [Fact]
    public void Train_sh_trains_spark_tiny_to_the_stated_loss_and_prints_a_sample()
    {
        string trained = runs["spark-tiny"];
        var run = Train();
        Assert.True(run.ExitCode == (isWhole ? 0 : SavedAndLeft), run.Out + run.Error);
        using var last = JsonDocument.Parse(File.ReadLines(Path.Combine(trained, "metrics.jsonl")).Last());
        var (loss, key) = isWhole ? (ValidationLoss, "val_loss") : (LossOfFirstSteps, "loss");
        Assert.Equal(loss, last.RootElement.GetProperty(key).GetDouble(), Tolerance);
        Assert.InRange(last.RootElement.GetProperty("ffn_active_fraction").GetDouble(), 0.06, 0.11);
        Assert.InRange(last.RootElement.GetProperty("attention_kept").GetDouble(), 30, 64);
        foreach (string prompt in (string[])["Gets the ", "", "Throws "])
        {
            string Greedy(string engine) => Cli.Run(runs, "generate", "--model", trained, "--prompt", prompt, "--max-tokens", "80", "--temperature", "0", "--engine", engine, "--json", "--quiet").Out;
            Assert.Equal(Greedy("torch"), Greedy("sparse"));
        }
        if (!isWhole) return;

        string sample = run.Out[run.Out.LastIndexOf("A sample of", StringComparison.Ordinal)..];
        Assert.Contains("Gets the ", sample, StringComparison.Ordinal);
        Assert.True(sample.Length > 300, sample);

        var again = Train();
        Assert.Equal(0, again.ExitCode);
        Assert.Contains("run spark-tiny is complete", again.Out, StringComparison.Ordinal);
    }

    private Outcome Train()
    {
        string[] command = ["train.sh", .. isWhole ? (string[])[] : ["--until", FirstSteps.ToString(CultureInfo.InvariantCulture)]];
        return Cli.Program(Cli.RepositoryFolder(), "bash", command, ("SPARKTRAIN_Run__Folder", runs));
    }
}
