using Serilog;
using Serilog.Core;
using Serilog.Events;
using SparkTrain.Checkpoints;
using SparkTrain.Data;
using SparkTrain.Input;
using SparkTrain.Model;
using SparkTrain.ModelFormat;
using SparkTrain.Support;
using TorchSharp;

namespace SparkTrain.Trainer.Tests;

public sealed class TrainerTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TrainConfig config;

    public TrainerTests() => config = TinyRun.Config(TinyRun.Data(folder), folder["runs"]);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_run_learns_and_leaves_model_checkpoints_and_metrics()
    {
        Assert.Equal(TrainOutcome.Complete, TinyRun.Train(config with { Training = config.Training with { Steps = 40 } }));
        double?[] losses = TinyRun.Losses(config);
        // A uniform guess over 258 bytes costs ln 258 = 5.55 nats; the letters' frequencies alone bring less than 3.5.
        Assert.InRange(losses[1]!.Value, 5, 7);
        Assert.True(losses[^1] < 3.5, $"the last loss is {losses[^1]}");
        Assert.Equal(41, losses.Length);
        using var model = TrainedModel.Load(Path.Combine(config.Run.Folder, "tiny"), new ComputeOptions());
        Assert.Equal(258, model.Model.Config.VocabSize);
        using var exported = TrainedModel.Load(Path.Combine(config.Run.Folder, "tiny", "model"), new ComputeOptions());
        Assert.Equal(model.Model.Weights.Select(w => w.Weight.sum().item<float>()), exported.Model.Weights.Select(w => w.Weight.sum().item<float>()));
    }

    [Fact]
    public void The_same_seed_gives_the_same_bits_and_another_seed_does_not()
    {
        TinyRun.Train(config);
        byte[] first = TinyRun.Weights(config);
        var again = config with { Run = config.Run with { Name = "again" } };
        TinyRun.Train(again);
        Assert.Equal(first, TinyRun.Weights(again));
        Assert.Equal(TinyRun.Losses(config), TinyRun.Losses(again));
        var other = config with { Run = config.Run with { Name = "other", Seed = 2 } };
        TinyRun.Train(other);
        Assert.NotEqual(first, TinyRun.Weights(other));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public void A_run_that_was_stopped_and_resumed_equals_the_unbroken_one(int stopAfter)
    {
        TinyRun.Train(config);
        var broken = config with { Run = config.Run with { Name = "broken" } };
        using var stop = new CancellationTokenSource();
        using (var log = new LoggerConfiguration().WriteTo.Sink(StopAt(stop, stopAfter)).CreateLogger())
            Assert.Equal(TrainOutcome.Stopped, TinyRun.Train(broken, stop, log: log));
        Assert.Equal(stopAfter, TinyRun.Metrics(broken)[^1].GetProperty("step").GetInt32());
        Assert.Equal(TrainOutcome.Complete, TinyRun.Train(broken));
        Assert.Equal(TinyRun.Losses(config), TinyRun.Losses(broken));
        Assert.Equal(TinyRun.Weights(config), TinyRun.Weights(broken));
    }

    [Fact]
    public void A_complete_run_is_left_alone_and_a_longer_one_goes_on()
    {
        TinyRun.Train(config);
        var written = File.GetLastWriteTimeUtc(Path.Combine(config.Run.Folder, "tiny", "model", "model.safetensors"));
        Assert.Equal(TrainOutcome.Complete, TinyRun.Train(config));
        Assert.Equal(written, File.GetLastWriteTimeUtc(Path.Combine(config.Run.Folder, "tiny", "model", "model.safetensors")));
        TinyRun.Train(config with { Training = config.Training with { Steps = 10 } });
        Assert.Equal([.. Enumerable.Range(0, 11)], TinyRun.Metrics(config).Select(m => m.GetProperty("step").GetInt32()));
    }

    [Fact]
    public void A_damaged_checkpoint_is_set_aside_and_the_one_before_it_is_used()
    {
        var one = config with { Checkpoint = config.Checkpoint with { KeepLast = 1, KeepEverySteps = 3 } };
        TinyRun.Train(one);
        string checkpoints = Path.Combine(config.Run.Folder, "tiny", "checkpoints");
        byte[] weights = TinyRun.Weights(config);
        Damage(Path.Combine(checkpoints, "step-00000008"));
        Directory.Delete(Path.Combine(config.Run.Folder, "tiny", "model"), recursive: true);
        Assert.Equal(TrainOutcome.Complete, TinyRun.Train(one));
        Assert.Equal(weights, TinyRun.Weights(config));
        Assert.Equal(["aside-step-00000008", "step-00000003", "step-00000006", "step-00000008"], Directory.GetDirectories(checkpoints).Select(Path.GetFileName).Order());
        foreach (string each in Directory.GetDirectories(checkpoints)) Damage(each);
        string message = Assert.Throws<CheckpointException>(() => TinyRun.Train(config)).Message;
        Assert.Contains("none of the 3 checkpoints is good", message, StringComparison.Ordinal);
        foreach (string step in (string[])["step-00000003", "step-00000006", "step-00000008"]) Assert.Contains(step, message, StringComparison.Ordinal);
        Assert.Equal(4, Directory.GetDirectories(checkpoints).Length);
    }

    [Fact]
    public void A_validation_that_an_interruption_prevented_is_made_up_for()
    {
        var often = config with { Checkpoint = config.Checkpoint with { EverySteps = 4 } };
        TinyRun.Train(often);
        var expected = TinyRun.Metrics(config).Select(m => m.TryGetProperty("val_loss", out var loss) ? loss.GetDouble() : (double?)null).ToArray();
        // As it was between the checkpoint of step 4 and the end of its validation.
        string run = Path.Combine(config.Run.Folder, "tiny"), metrics = Path.Combine(run, "metrics.jsonl");
        Directory.Delete(Path.Combine(run, "model"), recursive: true);
        Directory.Delete(Path.Combine(run, "checkpoints", "step-00000008"), recursive: true);
        string[] lines = File.ReadAllLines(metrics);
        lines[4] = lines[4][..lines[4].IndexOf(",\"val_loss", StringComparison.Ordinal)] + "}";
        File.WriteAllLines(metrics, lines[..5]);
        TinyRun.Train(often);
        Assert.Equal(expected, TinyRun.Metrics(config).Select(m => m.TryGetProperty("val_loss", out var loss) ? loss.GetDouble() : (double?)null));
        Assert.NotNull(expected[4]);
    }

    [Fact]
    public void The_best_by_validation_loss_stays()
    {
        // A learning rate so high that the loss goes up and down.
        var worse = config with { LrSchedule = new() { Lr = 3, WarmupSteps = 2, MinLrFactor = 1 }, Training = config.Training with { Steps = 9 }, Validation = new() { EverySteps = 1, Tokens = 512 },
            Checkpoint = config.Checkpoint with { EverySteps = 1, KeepLast = 1, KeepBest = 1 } };
        TinyRun.Train(worse);
        var losses = TinyRun.Metrics(config).ToDictionary(m => m.GetProperty("step").GetInt64(), m => m.GetProperty("val_loss").GetDouble());
        // Step 9 is validated after it was saved; when it was saved, the best was among those before.
        long best = losses.Where(l => l.Key is > 0 and < 9).MinBy(l => l.Value).Key;
        Assert.Equal(new[] { best, 9 }.Distinct().Order(), Directory.GetDirectories(Path.Combine(config.Run.Folder, "tiny", "checkpoints")).Select(CheckpointStore.StepOf).Order());
    }

    [Fact]
    public void What_interrupted_saves_left_is_gone_after_the_next_start()
    {
        string left = Path.Combine(config.Run.Folder, "tiny", "checkpoints", ".tmp-step-00000005");
        Directory.CreateDirectory(left);
        File.WriteAllText(Path.Combine(left, "rank-00000-of-00001.safetensors"), "half");
        TinyRun.Train(config);
        Assert.False(Directory.Exists(left));
    }

    [Fact]
    public void Another_configuration_or_dataset_does_not_resume()
    {
        TinyRun.Train(config);
        var changed = config with { Optimizer = new() { WeightDecay = 0.5 } };
        Assert.Contains("Optimizer.WeightDecay was 0.1, is 0.5", Assert.Throws<CheckpointException>(() => TinyRun.Train(changed)).Message, StringComparison.Ordinal);
        string other = folder["other.txt"];
        File.WriteAllText(other, string.Concat(Enumerable.Repeat("entirely other words\n\n", 400)));
        DatasetBuilder.Build(new() { Sources = [config.Data.Folder + "/../data.jsonl", other], Output = folder["data2"], ValidationFraction = 0.2 }, cancellation: TestContext.Current.CancellationToken);
        Assert.Contains("the data have fingerprint", Assert.Throws<CheckpointException>(() => TinyRun.Train(config with { Data = new() { Folder = folder["data2"] } })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_of_fewer_steps_is_written_again()
    {
        TinyRun.Train(config);
        byte[] shorter = TinyRun.Weights(config);
        var longer = config with { Training = config.Training with { Steps = 10 } };
        TinyRun.Train(longer);
        byte[] weights = TinyRun.Weights(config);
        Assert.NotEqual(shorter, weights);
        // As a kill between the last checkpoint and the model leaves it.
        File.WriteAllBytes(Path.Combine(config.Run.Folder, "tiny", "model", "model.safetensors"), shorter);
        Assert.Equal(TrainOutcome.Complete, TinyRun.Train(longer));
        Assert.Equal(weights, TinyRun.Weights(config));
    }

    [Fact]
    public void A_stop_in_the_step_of_a_save_that_failed_is_not_told_as_saved()
    {
        using var stop = new CancellationTokenSource();
        using var log = new LoggerConfiguration().WriteTo.Sink(StopAt(stop, 3)).CreateLogger();
        Directory.CreateDirectory(Path.Combine(config.Run.Folder, "tiny"));
        // Where a file is, no folder can be made.
        File.WriteAllText(Path.Combine(config.Run.Folder, "tiny", "checkpoints"), "");
        Assert.Throws<CheckpointException>(() => TinyRun.Train(config, stop, log: log));
    }

    [Fact]
    public void A_run_folder_belongs_to_one_process()
    {
        using var held = RunFolder.Open(config.Run);
        Assert.Contains("is in use", Assert.Throws<CheckpointException>(() => RunFolder.Open(config.Run)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tokenizer_with_more_tokens_than_the_model_is_refused()
    {
        var small = config with { Model = config.Model with { VocabSize = 200 } };
        Assert.Contains("Model.VocabSize = 200", Assert.Throws<DataException>(() => TinyRun.Train(small)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_that_is_not_finite_stops_the_run_and_spares_the_checkpoints()
    {
        var wild = config with { LrSchedule = new() { Lr = 100, MinLrFactor = 1 }, Training = config.Training with { GradClip = 0, Steps = 400 }, Optimizer = new() { Eps = 1e-20, Beta1 = 0, Beta2 = 0, WeightDecay = 10 } };
        var e = Assert.Throws<GuardException>(() => TinyRun.Train(wild));
        Assert.Contains("finite", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Live_tensors_stay_constant_over_steps()
    {
        Torch.Settle();
        var counts = new List<long>();
        using var log = new LoggerConfiguration().WriteTo.Sink(LogAction.AtSteps(TrainEvents.Step, _ => counts.Add(torch.Tensor.TotalCount))).CreateLogger();
        TinyRun.Train(config with { Training = config.Training with { Steps = 12 }, Validation = new() { EverySteps = 0 }, Checkpoint = new() { EverySteps = 100 } }, log: log);
        Assert.Equal(12, counts.Count);
        Assert.Equal(counts[2], counts[^1]);
    }

    [Theory]
    [InlineData(ComputeType.BFloat16)]
    [InlineData(ComputeType.Float32)]
    public void The_shape_of_the_micro_batches_does_not_change_the_mean(ComputeType compute)
    {
        var one = config with { Run = config.Run with { Name = "one" }, Training = config.Training with { MicroBatch = 8, Compute = compute, Steps = 3 } };
        var many = config with { Run = config.Run with { Name = "many" }, Training = config.Training with { MicroBatch = 1, Compute = compute, Steps = 3 } };
        TinyRun.Train(one);
        TinyRun.Train(many);
        double tolerance = compute == ComputeType.Float32 ? 1e-4 : 2e-2;
        foreach (var (a, b) in TinyRun.Losses(one).Zip(TinyRun.Losses(many)).Skip(1)) Assert.Equal(a!.Value, b!.Value, tolerance);
    }

    private static void Damage(string checkpoint)
    {
        string shard = Directory.GetFiles(checkpoint, "*.safetensors")[0];
        byte[] bytes = File.ReadAllBytes(shard);
        bytes[bytes.Length / 2] ^= 64;
        File.WriteAllBytes(shard, bytes);
    }

    private static LogAction StopAt(CancellationTokenSource stop, long at) => LogAction.AtSteps(TrainEvents.Step, step =>
    {
        if (step == at) stop.Cancel();
    });
}
