using System.Runtime.InteropServices;
using System.Text.Json;
using SparkTrain.ModelFormat;

namespace SparkTrain.Integration.Tests;

/// <summary>The verbs that read models, from the command line.</summary>
public sealed class ModelUseTests : IDisposable
{
    // tests/goldens/README.md: float32 log-probabilities.
    private const double LogProbTolerance = 1e-4;

    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    public static MatrixTheoryData<string, string> Goldens => new(["gemma2-tiny", "spark-tiny", "spark-packed", "topk-gated", "relu2-gated"], ["torch", "sparse"]);

    [Theory, MemberData(nameof(Goldens))]
    public void Score_gives_the_log_probabilities_of_the_independent_implementation(string golden, string engine)
    {
        string model = Path.Combine(Cli.RepositoryFolder(), "tests", "goldens", golden);
        using var expected = SafetensorsFile.Open(Path.Combine(model, "golden.safetensors"));
        int rows = (int)expected.Info("tokens").Shape[0], columns = (int)expected.Info("tokens").Shape[1];
        long[] Row(string name, int row) => MemoryMarshal.Cast<byte, long>(expected.Bytes(name)).Slice(row * columns, columns).ToArray();
        File.WriteAllLines(work["in.jsonl"], Enumerable.Range(0, rows).Select(row => expected.Contains("document_ids")
            ? JsonSerializer.Serialize(new { tokens = Row("tokens", row), document_ids = Row("document_ids", row) })
            : JsonSerializer.Serialize(new { tokens = Row("tokens", row) })));

        var run = Cli.Run(work.Folder, "score", "--model", model, "--input", "in.jsonl", "--output", "out.jsonl", "--engine", engine);
        Assert.True(run.ExitCode == 0, run.Error);
        float[] actual = [.. File.ReadLines(work["out.jsonl"]).SelectMany(line => JsonDocument.Parse(line).RootElement.GetProperty("logprobs").EnumerateArray().Select(p => p.GetSingle()))];
        float[] golden32 = MemoryMarshal.Cast<byte, float>(expected.Bytes("logprobs")).ToArray();
        Assert.Equal(golden32.Length, actual.Length);
        Assert.All(golden32.Zip(actual), p => Assert.Equal(p.First, p.Second, LogProbTolerance));
    }

    [Fact]
    public void A_trained_run_generates_the_same_text_for_the_same_seed_from_run_checkpoint_and_model()
    {
        Assert.Equal(0, work.Train("--set", "Training.Steps=60").ExitCode);
        string Generate(string model, string seed) => Cli.Run(work.Folder, "generate", "--model", model, "--prompt", "the ", "--max-tokens", "40", "--seed", seed).Out;
        string text = Generate("runs/tiny", "1");
        Assert.StartsWith("the ", text, StringComparison.Ordinal);
        Assert.True(text.Length > 10, text);
        Assert.Equal(text, Generate("runs/tiny/model", "1"));
        Assert.Equal(text, Generate("runs/tiny/checkpoints/step-00000060", "1"));
        Assert.NotEqual(text, Generate("runs/tiny", "2"));
    }

    [Fact]
    public void Text_is_scored_token_by_token()
    {
        Assert.Equal(0, work.Train("--set", "Training.Steps=60").ExitCode);
        File.WriteAllText(work["in.jsonl"], "{\"text\":\"the keys of the query\"}\n{\"text\":\"zqx zqx zqx zqx zqx zq\"}\n");
        Assert.Equal(0, Cli.Run(work.Folder, "score", "--model", "runs/tiny", "--input", "in.jsonl", "--output", "out.jsonl").ExitCode);
        double[][] logProbs = [.. File.ReadLines(work["out.jsonl"]).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("logprobs").EnumerateArray().Select(p => p.GetDouble()).ToArray())];
        // One byte, one token; the begin token in front is given, not scored.
        Assert.Equal([21, 22], logProbs.Select(p => p.Length));
        Assert.True(logProbs[0].Average() > logProbs[1].Average() + 1, "text of the corpus must be far more probable than letters it never has");
    }

    [Theory]
    [InlineData("plan --config spark-2b.json")]
    [InlineData("plan --config tiny.json --json")]
    [InlineData("prepare documents.jsonl --output data2 --validation-fraction 0.2")]
    [InlineData("config check --config tiny.json")]
    [InlineData("doctor")]
    [InlineData("score --engine sparse --model {golden} --input tokens.jsonl --output out.jsonl")]
    public void A_command_without_tensors_loads_no_libtorch(string arguments)
    {
        File.WriteAllText(work["tokens.jsonl"], "{\"tokens\":[1,2,3]}\n");
        arguments = arguments.Replace("{golden}", Path.Combine(Cli.RepositoryFolder(), "tests", "goldens", "spark-tiny"), StringComparison.Ordinal);
        var run = Cli.Program(work.Folder, "dotnet", [Cli.Launcher, .. arguments.Split(' ')], ("LD_DEBUG", "files"));
        Assert.True(run.ExitCode == 0, run.Error[^Math.Min(2000, run.Error.Length)..]);
        Assert.Contains("libcoreclr.so", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("libtorch", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_metrics_file_holds_the_contract_and_the_run_folder_its_configuration()
    {
        Assert.Equal(0, work.Train().ExitCode);
        string[] lines = File.ReadAllLines(work["runs/tiny/metrics.jsonl"]);
        Assert.Equal(31, lines.Length);
        using var last = JsonDocument.Parse(lines[^1]);
        Assert.Equal(30 * 256, last.RootElement.GetProperty("tokens").GetInt64());
        Assert.InRange(last.RootElement.GetProperty("ffn_active_fraction").GetDouble(), 0.02, 0.2);
        Assert.InRange(last.RootElement.GetProperty("attention_kept").GetDouble(), 1, 9);
        Assert.Equal(2, last.RootElement.GetProperty("attention_kept_by_layer").GetArrayLength());
        Assert.True(last.RootElement.TryGetProperty("val_loss", out _));
        Assert.Equal(0, Cli.Run(work.Folder, "config", "check", "--config", "runs/tiny/config.json").ExitCode);
    }
}
