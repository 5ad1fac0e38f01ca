using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using SparkTrain.ModelFormat;
using SparkTrain.Support;

namespace SparkTrain.Integration.Tests;

/// <summary>What a user can get wrong ends with the documented exit code and a message that names place and way out.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    [Theory]
    [InlineData("Model.Ffn.ActiveFracton=0.08", "unknown key")]
    [InlineData("Model.NumLayers=two", "whole number")]
    [InlineData("Model.DModel=-32", "must be")]
    [InlineData("Model.Attention.NumKvHeads=3", "must divide NumHeads = 4")]
    [InlineData("Model.Ffn.Active=97", "from 1 to DFf = 96")]
    [InlineData("Model.Attention.PredictorDim=3", "even")]
    [InlineData("Training.GlobalBatchTokens=300", "multiple of SeqLen 32")]
    [InlineData("Training.SeqLen=128", "Model.MaxSeqLen = 64")]
    [InlineData("LrSchedule.Lr=NaN", "LrSchedule.Lr")]
    [InlineData("Run.Name=../elsewhere", "Run.Name")]
    public void A_wrong_key_or_value_is_2(string set, string message) => Require(work.Train("--set", set), 2, message);

    [Fact]
    public void A_missing_configuration_is_2() => Require(Cli.Run(work.Folder, "--config", "absent.json"), 2, "absent.json");

    [Fact]
    public void A_missing_dataset_is_3() => Require(work.Train("--set", "Data.Folder=nowhere"), 3, "nowhere");

    [Fact]
    public void A_cut_off_shard_is_3()
    {
        string shard = Directory.GetFiles(work["data"], "train-*.parquet")[0];
        File.WriteAllBytes(shard, File.ReadAllBytes(shard)[..^100]);
        Require(work.Train(), 3, Path.GetFileName(shard));
    }

    [Fact]
    public void A_tokenizer_larger_than_the_vocabulary_is_3() => Require(work.Train("--set", "Model.VocabSize=200"), 3, "Model.VocabSize = 200");

    [Fact]
    public void A_missing_misshapen_or_cut_off_weight_is_4()
    {
        string model = work["model"];
        Directory.CreateDirectory(model);
        foreach (string file in (string[])["config.json", "model.safetensors"])
            File.WriteAllBytes(Path.Combine(model, file), File.ReadAllBytes(Path.Combine(Cli.RepositoryFolder(), "tests", "goldens", "spark-tiny", file)));
        File.WriteAllText(work["in.jsonl"], """{"tokens":[1,2,3]}""");
        string[] score = ["score", "--model", "model", "--input", "in.jsonl", "--output", "out.jsonl"];
        Assert.Equal(0, Cli.Run(work.Folder, score).ExitCode);

        string config = Path.Combine(model, "config.json");
        var json = JsonNode.Parse(File.ReadAllText(config))!;
        json["num_hidden_layers"] = 3;
        json["layer_types"] = null;
        json["vocab_size"] = 97;
        File.WriteAllText(config, json.ToJsonString());
        var wrong = Cli.Run(work.Folder, score);
        Require(wrong, 4, "model.layers.2.input_layernorm.weight is missing");
        Assert.Contains("model.embed_tokens.weight is [96, 32]; expected [97, 32]", wrong.Error, StringComparison.Ordinal);

        string weights = Path.Combine(model, "model.safetensors");
        File.WriteAllBytes(weights, File.ReadAllBytes(weights)[..5000]);
        Require(Cli.Run(work.Folder, score), 4, "cut off");
        Require(Cli.Run(work.Folder, "generate", "--model", "absent"), 4, "no such folder");
    }

    [Theory]
    [InlineData("""{"tokens":[1,2,96]}""", "token 96")]
    [InlineData("""{"tokens":[1,-1]}""", "token -1")]
    [InlineData("""{"tokens":[1,2],"document_ids":[0]}""", "1 document_ids for 2 tokens")]
    [InlineData("""{"words":"x"}""", "not a sequence")]
    [InlineData("""{"tokens":""", "not a sequence")]
    public void A_sequence_that_does_not_fit_the_model_is_3(string line, string message)
    {
        File.WriteAllText(work["in.jsonl"], "{\"tokens\":[1,2,3]}\n" + line + "\n");
        var run = Cli.Run(work.Folder, "score", "--model", Path.Combine(Cli.RepositoryFolder(), "tests", "goldens", "spark-tiny"), "--input", "in.jsonl", "--output", "out.jsonl");
        Require(run, 3, message);
        Assert.Contains("in.jsonl:2", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(work["out.jsonl"]));
    }

    [Fact]
    public void What_the_sparse_engine_cannot_do_is_told()
    {
        string Golden(string name) => Path.Combine(Cli.RepositoryFolder(), "tests", "goldens", name);
        File.WriteAllText(work["in.jsonl"], "{\"tokens\":[1,2,3]}\n{\"tokens\":[1,2,3,4],\"document_ids\":[0,1,1,0]}\n");
        string[] score = ["score", "--input", "in.jsonl", "--output", "out.jsonl", "--model"];
        Require(Cli.Run(work.Folder, [.. score, Golden("spark-tiny"), "--engine", "sparse"]), 3, "in.jsonl:2: document 0 goes on at token 3, after another one");
        Assert.False(File.Exists(work["out.jsonl"]));
        Assert.Equal(0, Cli.Run(work.Folder, [.. score, Golden("spark-tiny")]).ExitCode);
        Require(Cli.Run(work.Folder, [.. score, Golden("gemma2-tiny"), "--engine", "sparse", "--int8-predictor"]), 2, "gemma2-tiny have no predictor");
    }

    [Fact]
    public void A_model_that_does_not_fit_the_memory_of_the_sparse_engine_is_5()
    {
        // 300,000 rows of zeros, which take no room on the disk, and a process that may have 128 MiB.
        var config = new ModelConfig
        {
            VocabSize = 300_000, DModel = 128, NumLayers = 1, MaxSeqLen = 8,
            Ffn = new() { Kind = FfnKind.Gated, DFf = 8 }, Attention = new() { Kind = AttentionKind.Dense, NumHeads = 1, NumKvHeads = 1, HeadDim = 8, Window = 8 },
        };
        Directory.CreateDirectory(work["large"]);
        File.WriteAllText(work["large/config.json"], HuggingFaceConfig.Write(config, TensorType.F32));
        long offset = 0;
        var header = new JsonObject();
        foreach (var (name, shape) in WeightSlots.Of(config))
        {
            long end = offset + sizeof(float) * shape.Aggregate(1L, (a, b) => a * b);
            header[name] = new JsonObject { ["dtype"] = "F32", ["shape"] = new JsonArray([.. shape.Select(size => (JsonNode)size)]), ["data_offsets"] = new JsonArray(offset, end) };
            offset = end;
        }
        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        using (var file = File.Create(work["large/model.safetensors"]))
        {
            file.Write(BitConverter.GetBytes((long)json.Length));
            file.Write(json);
            file.SetLength(file.Position + offset);
        }
        File.WriteAllText(work["in.jsonl"], "{\"tokens\":[1,2,3]}\n");
        string[] score = [Cli.Launcher, "score", "--engine", "sparse", "--model", "large", "--input", "in.jsonl", "--output", "out.jsonl"];
        var refused = Cli.Program(work.Folder, "dotnet", score, ("DOTNET_GCHeapHardLimit", "8000000"));
        Require(refused, 5, "large: the packed model takes 0.2 GB, and this machine has 0.1 GB of memory.\n  expected: memory for the weights");
        Assert.Contains("--weights bf16", refused.Error, StringComparison.Ordinal);
        var fits = Cli.Program(work.Folder, "dotnet", [.. score, "--weights", "bf16"], ("DOTNET_GCHeapHardLimit", "8000000"));
        Assert.True(fits.ExitCode == 0, fits.Error);
        // All logits are 0.
        Assert.All(JsonNode.Parse(File.ReadAllText(work["out.jsonl"]))!["logprobs"]!.AsArray(), p => Assert.Equal(-Math.Log(300_000), p!.GetValue<double>(), 1e-5));
    }

    [Fact]
    public void A_model_that_does_not_fit_the_memory_is_5_at_once()
    {
        var run = Cli.Run(work.Folder, "--config", "spark-2b.json", "--set", "Training.MicroBatch=512");
        Require(run, 5, "one rank needs about");
        Assert.Contains("available", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_launcher_that_the_mpi_library_does_not_understand_is_refused_with_5() => Require(
        Cli.Program(work.Folder, "dotnet", [Cli.Launcher, "--config", "tiny.json"], ("OMPI_COMM_WORLD_RANK", "0"), ("OMPI_COMM_WORLD_SIZE", "8")), 5, "says rank 0 of 1: it does not understand this launcher");

    [Fact]
    public void A_run_folder_that_cannot_be_written_is_4()
    {
        File.WriteAllText(work["file"], "");
        Require(work.Train("--set", "Run.Folder=file/runs"), 4, "the run folder cannot be written");
    }

    private static void Require(Outcome outcome, int exitCode, string message)
    {
        Assert.True(outcome.ExitCode == exitCode, string.Create(CultureInfo.InvariantCulture, $"exit code {outcome.ExitCode}, expected {exitCode}\n{outcome.Out}{outcome.Error}"));
        Assert.Contains(message, outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at SparkTrain", outcome.Error, StringComparison.Ordinal);
    }
}
