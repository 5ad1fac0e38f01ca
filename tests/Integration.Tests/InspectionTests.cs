using System.Text.Json;
using System.Text.Json.Nodes;

namespace SparkTrain.Integration.Tests;

/// <summary>Looking into the checkpoints of real runs, and getting their models out.</summary>
public sealed class InspectionTests : IDisposable
{
    // bfloat16 keeps 8 bits of each weight.
    private const double Bf16LogProbTolerance = 0.1;

    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    [Fact]
    public void A_run_is_listed_checked_and_exported_without_libtorch()
    {
        Train("tiny");
        var listed = JsonNode.Parse(Inspect("runs/tiny", "--verify", "--json").Out)!["checkpoints"]!.AsArray();
        Assert.Equal([30, 28, 26], listed.Select(checkpoint => (int)checkpoint!["step"]!));
        Assert.All(listed, checkpoint => Assert.Equal((true, "complete", (int)checkpoint!["step"]! * 256, 1), ((bool)checkpoint["verified"]!, (string?)checkpoint["state"], (int)checkpoint["tokens"]!, (int)checkpoint["ranks"]!)));
        Assert.Equal(work.ValidationLosses("tiny")[30], listed[0]!["val_loss"]!.ToJsonString());
        Assert.Null(listed[1]!["val_loss"]);

        var one = Inspect("runs/tiny/checkpoints/step-00000030", "--tensors", "--config");
        foreach (string text in (string[])["step            30\n", "tokens          7,680\n", "next sample     240\n", "26,976 (18,720 without embedding)", "model.layers.1.mlp.down_proj.weight  F32 [32, 96]", "optimizer.v.model.norm.weight  F32 [32]", "\"GlobalBatchTokens\": 256"])
            Assert.Contains(text, one.Out, StringComparison.Ordinal);
        Assert.Contains("24 tensors, F32, 107,904 bytes", Inspect("runs/tiny/model").Out, StringComparison.Ordinal);

        RequireDone(Export("runs/tiny", "exported"));
        RequireTheModel("runs/tiny/model", "exported");
        RequireDone(Export("runs/tiny", "rounded", "--dtype", "bf16", "--best"));
        Assert.Equal(Score("runs/tiny/model"), Score("exported"));
        Assert.All(Score("runs/tiny/model").Zip(Score("rounded")), pair => Assert.Equal(pair.First, pair.Second, Bf16LogProbTolerance));
        Assert.Contains("the folder is not empty", Require(Export("runs/tiny", "exported"), 4), StringComparison.Ordinal);

        foreach (string arguments in (string[])["inspect runs/tiny --verify", "inspect runs/tiny/checkpoints/step-00000030 --tensors", "inspect runs/tiny/model", "export runs/tiny --output again"])
        {
            var run = Cli.Program(work.Folder, "dotnet", [Cli.Launcher, .. arguments.Split(' ')], ("LD_DEBUG", "files"));
            Assert.Equal(0, run.ExitCode);
            Assert.Contains("libcoreclr.so", run.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("libtorch", run.Error, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public void A_damaged_checkpoint_is_named_and_the_one_before_it_is_exported()
    {
        Train("tiny");
        FlipABit("runs/tiny/checkpoints/step-00000030/rank-00000-of-00001.safetensors");
        string verified = Inspect(4, "runs/tiny", "--verify").Out;
        string[] lines = [.. verified.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)];
        Assert.EndsWith("damaged: rank-00000-of-00001.safetensors: the file has other bytes than were written", lines[0], StringComparison.Ordinal);
        Assert.All(lines[1..], line => Assert.EndsWith("  ok", line, StringComparison.Ordinal));
        Inspect(0, "runs/tiny");
        Inspect(4, "runs/tiny/checkpoints/step-00000030", "--verify");

        Assert.Contains("other bytes than were written", Require(Export("runs/tiny/checkpoints/step-00000030", "exported"), 4), StringComparison.Ordinal);
        Assert.False(Directory.Exists(work["exported"]));
        var exported = Export("runs/tiny", "exported");
        RequireDone(exported);
        Assert.Contains("step 28", exported.Out, StringComparison.Ordinal);
        Assert.Contains("warning: ", exported.Error, StringComparison.Ordinal);

        FlipABit("runs/tiny/checkpoints/step-00000028/manifest.json");
        File.WriteAllText(work["runs/tiny/checkpoints/step-00000026/COMPLETE"], "");
        string none = Require(work.Train("--set", "Training.Steps=32"), 4);
        foreach (string part in (string[])["none of the 3 checkpoints is good", "step-00000030/rank", "step-00000028/", "step-00000026/COMPLETE"]) Assert.Contains(part, none, StringComparison.Ordinal);
        foreach (string step in (string[])["30", "28", "26"]) Assert.True(Directory.Exists(work[$"runs/tiny/checkpoints/step-000000{step}"]));
    }

    [Fact]
    public void The_shards_of_two_ranks_are_merged_to_the_model_that_training_wrote()
    {
        Train("two", "--ranks", "2");
        RequireDone(Cli.Run(work.Folder, "export", "runs/two/checkpoints/step-00000030", "--output", "merged"));
        RequireTheModel("runs/two/model", "merged");
        RequireDone(Cli.Run(work.Folder, "generate", "--model", "merged", "--prompt", "the ", "--max-tokens", "5"));

        string shard = work["runs/two/checkpoints/step-00000030/rank-00001-of-00002.safetensors"];
        File.WriteAllBytes(shard, File.ReadAllBytes(shard)[..^4]);
        Assert.Contains("damaged: rank-00001-of-00002.safetensors: the file has", Inspect(4, "runs/two", "--verify").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void What_holds_no_checkpoint_is_refused_with_4()
    {
        Directory.CreateDirectory(work["empty/checkpoints"]);
        foreach (string path in (string[])["nowhere", "tiny.json", "data", "empty", "empty/checkpoints"])
        {
            Require(Cli.Run(work.Folder, "inspect", path), 4);
            Require(Export(path, "exported"), 4);
        }
    }

    private void Train(string run, params string[] arguments) => RequireDone(work.Train(["--set", $"Run.Name={run}", "--set", "Checkpoint.Asynchronous=false", "--set", "Checkpoint.KeepLast=3", "--set", "Checkpoint.KeepBest=0", .. arguments]));

    private Outcome Inspect(params string[] arguments) => Inspect(0, arguments);

    private Outcome Inspect(int exitCode, params string[] arguments)
    {
        var run = Cli.Run(work.Folder, ["inspect", .. arguments]);
        Assert.True(run.ExitCode == exitCode, run.Out + run.Error);
        return run;
    }

    private Outcome Export(string source, string output, params string[] arguments) => Cli.Run(work.Folder, ["export", source, "--output", output, .. arguments]);

    private static void RequireDone(Outcome run) => Assert.True(run.ExitCode == 0, run.Out + run.Error);

    private static string Require(Outcome run, int exitCode)
    {
        Assert.True(run.ExitCode == exitCode, run.Out + run.Error);
        Assert.Contains("error: ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        return run.Error;
    }

    private void FlipABit(string file)
    {
        byte[] bytes = File.ReadAllBytes(work[file]);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(work[file], bytes);
    }

    private double[] Score(string model)
    {
        File.WriteAllText(work["in.jsonl"], "{\"text\":\"the keys of the query are few\"}\n");
        RequireDone(Cli.Run(work.Folder, "score", "--model", model, "--input", "in.jsonl", "--output", "out.jsonl"));
        return JsonSerializer.Deserialize<double[]>(JsonNode.Parse(File.ReadAllText(work["out.jsonl"]))!["logprobs"])!;
    }

    // What training writes at its end, and what only export adds.
    private void RequireTheModel(string expected, string actual)
    {
        string?[] Names(string folder) => [.. Directory.GetFileSystemEntries(work[folder]).Select(Path.GetFileName).Order()];
        Assert.Equal(Names(expected).Concat(["README.md", "generation_config.json"]).Order(), Names(actual));
        Assert.All(Names(expected), name => Assert.Equal(File.ReadAllBytes(work[$"{expected}/{name}"]), File.ReadAllBytes(work[$"{actual}/{name}"])));
    }
}
