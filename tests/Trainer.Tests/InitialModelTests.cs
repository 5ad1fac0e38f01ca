using SparkTrain.Checkpoints;
using SparkTrain.Distributed;
using SparkTrain.ModelFormat;
using SparkTrain.Support;

namespace SparkTrain.Trainer.Tests;

/// <summary>Runs that begin with the weights of a model folder.</summary>
public sealed class InitialModelTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TrainConfig config;

    public InitialModelTests() => config = TinyRun.Config(TinyRun.Data(folder), folder["runs"]);

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(TensorType.F32)]
    [InlineData(TensorType.BF16)]
    [InlineData(TensorType.F16)]
    public void The_first_checkpoint_holds_the_folders_weights(TensorType type)
    {
        string model = Model("a", seed: 5, type);
        Assert.Equal(TrainOutcome.Stopped, TinyRun.Train(Begin("imported", model), until: 0));
        AssertWeights(model, type);
        // And goes on from there.
        Assert.Equal(TrainOutcome.Complete, TinyRun.Train(Begin("imported", model)));
        Assert.Equal(9, TinyRun.Losses(Begin("imported", model)).Length);
    }

    [Fact]
    public void It_is_read_at_the_beginning_only_and_may_be_gone_or_another_when_the_run_goes_on()
    {
        string model = Model("a", seed: 5, TensorType.F32);
        TinyRun.Train(Begin("unbroken", model));
        TinyRun.Train(Begin("stopped", model), until: 4);
        Directory.Delete(model, recursive: true);
        TinyRun.Train(Begin("stopped", folder["elsewhere"]));
        Assert.Equal(TinyRun.Losses(Begin("unbroken", model)), TinyRun.Losses(Begin("stopped", model)));
        Assert.Equal(TinyRun.Weights(Begin("unbroken", model)), TinyRun.Weights(Begin("stopped", model)));
    }

    [Fact]
    public void A_run_that_begins_with_the_weights_of_its_own_seed_is_the_run_without()
    {
        TinyRun.Train(Begin("drawn", null));
        TinyRun.Train(Begin("imported", Model("a", seed: 1, TensorType.F32)));
        Assert.Equal(TinyRun.Losses(Begin("drawn", null)), TinyRun.Losses(Begin("imported", null)));
        Assert.Equal(TinyRun.Weights(Begin("drawn", null)), TinyRun.Weights(Begin("imported", null)));
    }

    [Theory]
    [InlineData("0,0", Toggle.On)]
    [InlineData("0,0", Toggle.Off)]
    [InlineData("0,0,1,1", Toggle.On)]
    [InlineData("0,1", Toggle.Off)]
    public void Ranks_and_hosts_all_begin_with_them(string hosts, Toggle shardOptimizer)
    {
        string model = Model("a", seed: 5, TensorType.BF16);
        var spread = Begin("imported", model);
        spread = spread with { Training = spread.Training with { Threads = 1, MicroBatch = 1 }, Distributed = new() { ShardOptimizer = shardOptimizer, Overlap = Toggle.Off } };
        TinyRun.TrainOn(new Topology([.. hosts.Split(',').Select(int.Parse)]), spread, until: 0);
        AssertWeights(model, TensorType.BF16);
    }

    [Fact]
    public void Hosts_that_see_different_models_are_refused_on_every_rank()
    {
        string[] models = [Model("a", seed: 5, TensorType.F32), Model("b", seed: 6, TensorType.F32)];
        int refused = 0;
        ThreadRanks.Run(new Topology([0, 1]), ranks =>
        {
            var e = Assert.Throws<ModelFormatException>(() => TinyRun.Train(Begin("imported", models[ranks.Rank]), ranks: ranks));
            Assert.Contains("hosts see different models there", e.Message, StringComparison.Ordinal);
            Interlocked.Increment(ref refused);
        });
        Assert.Equal(2, refused);
    }

    [Fact]
    public void A_folder_that_one_host_lacks_is_refused_on_every_rank()
    {
        string model = Model("a", seed: 5, TensorType.F32);
        string[] messages = new string[2];
        ThreadRanks.Run(new Topology([0, 1]), ranks =>
            messages[ranks.Rank] = Assert.Throws<ModelFormatException>(() => TinyRun.Train(Begin("imported", ranks.Rank == 0 ? model : folder["gone"]), ranks: ranks)).Message);
        Assert.Contains("another rank cannot begin from it: " + folder["gone"], messages[0], StringComparison.Ordinal);
        Assert.Contains("there is no such folder", messages[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Another_model_is_refused_with_every_key_and_both_values()
    {
        string model = Model("a", seed: 5, TensorType.F32);
        var other = Begin("imported", model);
        other = other with { Model = other.Model with { MaxSeqLen = 40, FinalLogitSoftcap = null, Ffn = other.Model.Ffn with { Active = 9 }, Attention = other.Model.Attention with { Layers = [AttentionSpan.Global, AttentionSpan.Local] } } };
        string message = Assert.Throws<ModelFormatException>(() => TinyRun.Train(other)).Message;
        foreach (string line in (string[])["Model.MaxSeqLen is 40, that of the folder 48", "Model.FinalLogitSoftcap is null, that of the folder 30", "Model.Ffn.Active is 9, that of the folder 8", "Model.Attention.Layers is [\"Global\",\"Local\"], that of the folder []"])
            Assert.Contains("\n    " + line, message, StringComparison.Ordinal);
        Assert.Equal(4, message.Split("that of the folder").Length - 1);
    }

    [Fact]
    public void Keys_that_say_what_their_absence_says_make_no_difference()
    {
        var said = Begin("imported", Model("a", seed: 5, TensorType.F32));
        TinyRun.Train(said with { Model = said.Model with { Attention = said.Model.Attention with { Layers = [AttentionSpan.Local, AttentionSpan.Global], QueryPreAttnScalar = 8 } } }, until: 0);
        AssertWeights(said.Run.InitialModel!, TensorType.F32);
    }

    [Fact]
    public void A_weight_that_is_no_number_is_refused()
    {
        string model = Model("a", seed: 5, TensorType.F32), weights;
        using (var opened = ModelFolder.Open(model)) weights = opened.FileOf(WeightNames.FinalNorm).Path;
        byte[] bytes = File.ReadAllBytes(weights);
        BitConverter.TryWriteBytes(bytes.AsSpan((int)SafetensorsHeader.Read(weights).Tensors[WeightNames.FinalNorm].Offset), float.NaN);
        File.WriteAllBytes(weights, bytes);
        Assert.Contains("model.norm.weight holds values that are not finite", Assert.Throws<ModelFormatException>(() => TinyRun.Train(Begin("imported", model))).Message, StringComparison.Ordinal);
        Assert.Empty(new CheckpointStore(RunFolder.Of(Begin("imported", null).Run).Checkpoints).Complete());
    }

    private TrainConfig Begin(string name, string? model) => config with { Run = config.Run with { Name = name, InitialModel = model } };

    // A folder with the first weights of a seed, exported as another run would.
    private string Model(string name, long seed, TensorType type)
    {
        var run = config with { Run = config.Run with { Name = "source-" + name, Seed = seed } };
        TinyRun.Train(run, until: 0);
        string checkpoint = new CheckpointStore(RunFolder.Of(run.Run).Checkpoints).Complete()[0];
        using var weights = new SavedWeights(checkpoint, CheckpointVerification.Verify(checkpoint));
        ModelExport.Write(weights, folder[name], type, 20_000, [new("config.json", HuggingFaceConfig.Write(run.Model, type))]);
        return folder[name];
    }

    // Rounding what was rounded gives it back.
    private void AssertWeights(string model, TensorType type)
    {
        string checkpoint = new CheckpointStore(RunFolder.Of(Begin("imported", null).Run).Checkpoints).PathOf(0);
        using var saved = new SavedWeights(checkpoint, CheckpointVerification.Verify(checkpoint));
        ModelExport.Write(saved, folder["again"], type, 1 << 30, [new("config.json", HuggingFaceConfig.Write(config.Model, type))]);
        using var expected = ModelFolder.Open(model);
        using var actual = ModelFolder.Open(folder["again"]);
        foreach (var (name, _) in WeightSlots.Of(config.Model)) Assert.Equal(expected.FileOf(name).Bytes(name), actual.FileOf(name).Bytes(name));
    }
}
