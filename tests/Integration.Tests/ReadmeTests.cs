using System.Text.Json;

namespace SparkTrain.Integration.Tests;

/// <summary>README's first command, as a new user runs it, and what it trained through both engines.</summary>
public sealed class ReadmeTests : IDisposable
{
    // What README.md says of spark-tiny. Other versions of the SDK bring other documentation, other processors round otherwise.
    private const double ValidationLoss = 3.39, Tolerance = 0.1;

    private readonly string runs = Directory.CreateTempSubdirectory("sparktrain-readme-").FullName;

    public void Dispose() => Directory.Delete(runs, recursive: true);

    [Fact]
    public void Train_sh_trains_spark_tiny_to_the_stated_loss_and_prints_a_sample()
    {
        string repository = Cli.RepositoryFolder();
        var run = Cli.Program(repository, "bash", ["train.sh"], ("SPARKTRAIN_Run__Folder", runs));
        Assert.True(run.ExitCode == 0, run.Out + run.Error);
        using var last = JsonDocument.Parse(File.ReadLines(Path.Combine(runs, "spark-tiny", "metrics.jsonl")).Last());
        Assert.Equal(ValidationLoss, last.RootElement.GetProperty("val_loss").GetDouble(), Tolerance);
        Assert.InRange(last.RootElement.GetProperty("ffn_active_fraction").GetDouble(), 0.06, 0.11);
        Assert.InRange(last.RootElement.GetProperty("attention_kept").GetDouble(), 30, 64);
        string sample = run.Out[run.Out.LastIndexOf("A sample of", StringComparison.Ordinal)..];
        Assert.Contains("Gets the ", sample, StringComparison.Ordinal);
        Assert.True(sample.Length > 300, sample);

        string trained = Path.Combine(runs, "spark-tiny");
        foreach (string prompt in (string[])["Gets the ", "", "Throws "])
        {
            string Greedy(string engine) => Cli.Run(runs, "generate", "--model", trained, "--prompt", prompt, "--max-tokens", "80", "--temperature", "0", "--engine", engine, "--json", "--quiet").Out;
            Assert.Equal(Greedy("torch"), Greedy("sparse"));
        }

        var again = Cli.Program(repository, "bash", ["train.sh"], ("SPARKTRAIN_Run__Folder", runs));
        Assert.Equal(0, again.ExitCode);
        Assert.Contains("run spark-tiny is complete", again.Out, StringComparison.Ordinal);
    }
}
