using System.Text.Json.Nodes;
using SparkTrain.ModelFormat;
using SparkTrain.Support;

namespace SparkTrain.Integration.Tests;

/// <summary>Model folders that come from elsewhere and go elsewhere.</summary>
public sealed class ModelFolderExchangeTests : IDisposable
{
    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    // Three shards; written by a script of its own, which knows the format and no code of ours.
    [Theory]
    [Trait("Category", PeerPrograms.Category)]
    [InlineData("""{"transformers":4,"maxShardBytes":40000}""")]
    [InlineData("""{"transformers":5,"maxShardBytes":40000,"repeatsHead":true,"seed":2}""")]
    public void A_gemma_2_folder_is_imported_trained_further_and_exported_with_the_bytes_that_it_had(string written)
    {
        var script = PeerPrograms.Node(work.Folder, "gemma2-folder.mjs", "gemma", written);
        Assert.True(script.ExitCode == 0, script.Error);
        Assert.Equal(3, Directory.GetFiles(work["gemma"], "*.safetensors").Length);
        File.WriteAllText(work["import.json"], Done("config", "import", "gemma").Out);
        string[] train = ["--config", "import.json", "--set", "Training.Steps=3", "--set", "Training.SeqLen=32", "--set", "Training.GlobalBatchTokens=128", "--set", "Training.Threads=1", "--set", "LrSchedule.WarmupSteps=1", "--set", "Validation.Tokens=512"];
        Require(75, [.. train, "--until", "0"]);

        Done("export", "gemma", "--output", "again", "--max-shard-size", "30KB");
        Done("export", "runs/gemma-further", "--output", "trained-not-at-all", "--dtype", "bf16", "--as", "gemma2");
        AssertSameWeights("gemma", "again");
        AssertSameWeights("gemma", "trained-not-at-all");
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(File.ReadAllText(work["gemma/config.json"])), JsonNode.Parse(File.ReadAllText(work["again/config.json"]))), "config.json has changed");

        Done(train);
        string card = File.ReadAllText(work["trained-not-at-all/README.md"]);
        Assert.Contains("\n| step | 0 of 3 |\n", card, StringComparison.Ordinal);
        Assert.Contains(", trained further with SparkTrain.\n", card, StringComparison.Ordinal);
        Done("export", "runs/gemma-further", "--output", "trained", "--dtype", "bf16");
        using var before = ModelFolder.Open(work["gemma"]);
        using var after = ModelFolder.Open(work["trained"]);
        Assert.False(before.FileOf(WeightNames.FinalNorm).Bytes(WeightNames.FinalNorm).SequenceEqual(after.FileOf(WeightNames.FinalNorm).Bytes(WeightNames.FinalNorm)));
    }

    [Fact]
    public void A_run_is_exported_in_shards_with_index_card_and_generation_config()
    {
        Assert.Equal(0, work.Train().ExitCode);
        var run = Done("export", "runs/tiny", "--output", "out", "--max-shard-size", "40KB");
        Assert.Contains("26,976 parameters in F32 in 3 shards, 105 KiB", run.Out, StringComparison.Ordinal);
        Assert.Equal(["README.md", "config.json", "generation_config.json", "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors", "model.safetensors.index.json", "tokenizer.json", "tokenizer_config.json"],
            Directory.GetFiles(work["out"]).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal));
        AssertSameWeights("runs/tiny/model", "out");
        Assert.Equal(File.ReadAllBytes(work["runs/tiny/model/config.json"]), File.ReadAllBytes(work["out/config.json"]));
        Assert.Equal((256, 257), (Token("bos"), Token("eos")));
        string card = File.ReadAllText(work["out/README.md"]);
        var last = JsonNode.Parse(File.ReadLines(work["runs/tiny/metrics.jsonl"]).Last())!;
        Assert.Contains(FormattableString.Invariant($"\n| validation loss | {(double)last["val_loss"]!:F4} nats per token, {(double)last["val_bits_per_byte"]!:F4} bits per byte |\n"), card, StringComparison.Ordinal);
        for (int layer = 0; layer < 2; layer++)
            Assert.Contains(FormattableString.Invariant($"\n| {layer} | Spark | {100 * (double)last["ffn_active_fraction_by_layer"]![layer]!:F2} % | Spark | {(double)last["attention_kept_by_layer"]![layer]!:F1} |\n"), card, StringComparison.Ordinal);
        // A card and a generation config that a folder has already are taken over.
        File.WriteAllText(work["out/README.md"], "mine");
        Done("export", "out", "--output", "whole");
        Assert.Equal("mine", File.ReadAllText(work["whole/README.md"]));
        AssertSameWeights("out", "whole");
        Done("generate", "--model", "out", "--prompt", "the ", "--max-tokens", "3");

        int Token(string name) => (int)JsonNode.Parse(File.ReadAllText(work["out/generation_config.json"]))![$"{name}_token_id"]!;
    }

    [Fact]
    public void What_cannot_be_used_or_made_is_refused_with_its_name_and_4()
    {
        string spark = Golden("spark-tiny"), dense = Golden("gemma2-tiny");
        Refused("Model.Ffn.Kind: layer 0 has a Spark FFN", "export", spark, "--output", "out", "--as", "gemma2");
        Refused("Model.Ffn.Kind: layer 0 has a Spark FFN", "export", spark, "--output", "out.gguf", "--format", "gguf");
        Copy(dense, "cut");
        byte[] weights = File.ReadAllBytes(work["cut/model.safetensors"]);
        File.WriteAllBytes(work["cut/model.safetensors"], weights[..^100]);
        Copy(dense, "away");
        File.WriteAllText(work["away/model.safetensors.index.json"], """{"weight_map":{"model.norm.weight":"../cut/model.safetensors"}}""");
        File.Delete(work["away/model.safetensors"]);
        Copy(dense, "wrong");
        File.WriteAllText(work["wrong/config.json"], File.ReadAllText(work["wrong/config.json"]).Replace("\"intermediate_size\": ", "\"intermediate_size\": 1", StringComparison.Ordinal));
        Copy(dense, "lacking");
        File.WriteAllText(work["lacking/model.safetensors.index.json"], """{"weight_map":{"model.norm.weight":"model-00001-of-00002.safetensors"}}""");
        File.Delete(work["lacking/model.safetensors"]);
        foreach (var (folder, message) in ((string, string)[])[("cut", "a complete file (this one is cut off)"), ("away", "not a valid index (a shard's name is not a plain file name)"), ("wrong", "the weights do not fit config.json"), ("lacking", "model-00001-of-00002.safetensors: no such file")])
        {
            Refused(message, "export", folder, "--output", "out");
            Refused(message, "config", "import", folder);
            Refused(message, "--config", "tiny.json", "--set", $"Run.InitialModel={folder}");
        }
        Refused("it holds another model:\n    Model.VocabSize is 258, that of the folder 96", "--config", "tiny.json", "--set", $"Run.InitialModel={dense}");
        Assert.False(Directory.Exists(work["out"]) || File.Exists(work["out.gguf"]));
        Assert.Contains("--as is for model folders", Require(2, "export", dense, "--output", "out", "--format", "gguf", "--as", "gemma2").Error, StringComparison.Ordinal);
    }

    private static string Golden(string name) => Path.Combine(Cli.RepositoryFolder(), "tests", "goldens", name);

    private void Copy(string from, string to)
    {
        Directory.CreateDirectory(work[to]);
        foreach (string name in (string[])["config.json", "model.safetensors"]) File.Copy(Path.Combine(from, name), work[$"{to}/{name}"]);
    }

    private Outcome Done(params string[] arguments) => Require(0, arguments);

    private void Refused(string message, params string[] arguments)
    {
        string error = Require(4, arguments).Error;
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    private Outcome Require(int exitCode, params string[] arguments)
    {
        var run = Cli.Run(work.Folder, arguments);
        Assert.True(run.ExitCode == exitCode, $"{string.Join(' ', arguments)}: {run.ExitCode}\n{run.Out}{run.Error}");
        return run;
    }

    private void AssertSameWeights(string expected, string actual)
    {
        using var a = ModelFolder.Open(work[expected]);
        using var b = ModelFolder.Open(work[actual]);
        foreach (var (name, shape) in WeightSlots.Of(a.Config))
        {
            Assert.Equal((name, a.FileOf(name).Info(name).Type, TensorInfo.Text(shape)), (name, b.FileOf(name).Info(name).Type, TensorInfo.Text(b.FileOf(name).Info(name).Shape)));
            Assert.Equal(a.FileOf(name).Bytes(name), b.FileOf(name).Bytes(name));
        }
    }
}
