using Serilog;
using Serilog.Core;
using Serilog.Events;
using SparkTrain.Checkpoints;
using SparkTrain.Distributed;
using SparkTrain.Model;
using SparkTrain.Support;
using TorchSharp;

namespace SparkTrain.Trainer.Tests;

/// <summary>Saves to a disk that takes as long as the test wants: a checkpoint is on it only once the test lets it.</summary>
public sealed class SlowDiskTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly SingleProcess alone = new();
    private readonly TrainConfig config;
    private readonly CheckpointStore store;
    private readonly TrainState state;
    private readonly ManualResetEventSlim disk = new(false);
    private readonly LogCollector events = new();
    private readonly CheckpointWriter writer;
    private readonly CheckpointSchedule saves;

    public SlowDiskTests()
    {
        var tiny = TinyRun.Config(folder["data"], folder["runs"]);
        config = tiny with { Training = tiny.Training with { Steps = 1000 }, Checkpoint = new() { EverySteps = 2 } };
        store = new(RunFolder.Of(config.Run).Checkpoints);
        state = TrainingModel.Create(config, new SparsitySink(config.Model.NumLayers), alone);
        writer = new(store, config.Checkpoint, state, alone, disk.Wait, () => new Dictionary<long, double>());
        saves = new(writer, state, config, "fingerprint", RunFolder.Of(config.Run), new LoggerConfiguration().WriteTo.Sink(events).CreateLogger(), isResumed: false);
    }

    public void Dispose()
    {
        disk.Set();
        writer.Dispose();
        state.Dispose();
        state.Model.Dispose();
        disk.Dispose();
        alone.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Training_goes_on_while_the_disk_takes_its_time_and_the_next_save_is_put_off()
    {
        Train(until: 9);
        Assert.True(writer.IsBusy);
        Assert.Equal(2, writer.Step);
        Assert.Empty(store.Complete());
        Assert.Contains(TrainEvents.SavePutOff, events.Templates);

        disk.Set();
        Patience.Until(saves.IsPartDone, "a part of the checkpoint");
        Train(until: 10);
        Assert.Equal(10, writer.Step);
        saves.Finish();
        Assert.Equal([10, 2], store.Complete().Select(CheckpointStore.StepOf));
    }

    [Fact]
    public void A_checkpoint_holds_the_state_of_its_own_step_however_late_it_is_written()
    {
        Train(until: 2);
        float[] then = [.. state.Weights.data<float>()];
        Train(until: 7);
        disk.Set();
        saves.Finish();
        var manifest = CheckpointVerification.Verify(store.PathOf(2));
        Assert.Equal(2, manifest.Progress.Step);
        state.Restore(store.PathOf(2), manifest);
        Assert.Equal(then, state.Weights.data<float>());
    }

    [Fact]
    public void To_be_asked_to_stop_waits_for_the_disk_and_saves_the_last_step()
    {
        Train(until: 5);
        disk.Set();
        saves.SaveNow();
        saves.Finish();
        Assert.Equal([5, 2], store.Complete().Select(CheckpointStore.StepOf));
    }

    // Each step adds one to every weight.
    private void Train(long until)
    {
        using var noGrad = torch.no_grad();
        while (state.Progress.Step < until)
        {
            var votes = new StepVotes(Stop: false, saves.IsPartDone());
            state.Weights.add_(1);
            state.Progress = state.Progress with { Step = state.Progress.Step + 1 };
            saves.AfterStep(votes);
            // The shard itself takes no time; only its publication waits.
            if (writer.IsBusy && !disk.IsSet && writer.Step == state.Progress.Step) Patience.Until(saves.IsPartDone, "a part of the checkpoint");
        }
    }
}
