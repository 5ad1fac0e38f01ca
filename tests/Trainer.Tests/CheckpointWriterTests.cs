using SparkTrain.Checkpoints;
using SparkTrain.Distributed;
using SparkTrain.Model;
using SparkTrain.Support;
using TorchSharp;

namespace SparkTrain.Trainer.Tests;

public sealed class CheckpointWriterTests : IDisposable
{
    private static readonly Dictionary<long, double> NoLosses = [];

    private readonly TemporaryFolder folder = new();
    private readonly TrainConfig config;

    public CheckpointWriterTests() => config = TinyRun.Config("data", folder["runs"]) with { Checkpoint = new() { KeepLast = 2 } };

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void What_changes_after_the_snapshot_is_not_in_the_checkpoint(int world) => On(world, (ranks, state, store) =>
    {
        using var gate = new ManualResetEventSlim();
        using var writer = new CheckpointWriter(store, config.Checkpoint, state, ranks, () => gate.Wait(), () => NoLosses);
        float[] before = state.Weights.data<float>().ToArray();
        writer.Begin(5, Describe(state, 5));
        ranks.Barrier();
        // Ranks of a host share the weights: each changes all of them to the same.
        using (torch.no_grad()) state.Weights.fill_(7);
        Assert.True(writer.IsBusy);
        Assert.Empty(store.Complete());
        gate.Set();
        var saved = writer.Finish()!;
        Assert.False(writer.IsBusy);
        Assert.Equal(store.PathOf(5), saved.Folder);
        state.Restore(saved.Folder, CheckpointVerification.Verify(saved.Folder));
        ranks.Barrier();
        Assert.Equal(before, state.Weights.data<float>().ToArray());
        Assert.Equal(5, state.Progress.Step);
    });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Scalars_come_back_by_their_names_and_a_checkpoint_without_them_has_none(int world) => On(world, (ranks, state, store) =>
    {
        using var writer = new CheckpointWriter(store, config.Checkpoint, state, ranks, () => { }, () => NoLosses);
        writer.Begin(1, Describe(state, 1));
        string without = writer.Finish()!.Folder;
        (state.Scalars["sigma.0"], state.Scalars["sigma.1"]) = (1.0 / 3, -1e-300);
        writer.Begin(2, Describe(state, 2));
        state.Scalars["sigma.0"] = 7;
        string with = writer.Finish()!.Folder;
        ranks.Barrier();
        state.Restore(with, CheckpointVerification.Verify(with));
        Assert.Equal(new Dictionary<string, double> { ["sigma.0"] = 1.0 / 3, ["sigma.1"] = -1e-300 }, state.Scalars);
        state.Restore(without, CheckpointVerification.Verify(without));
        Assert.Empty(state.Scalars);
        Assert.DoesNotContain("scalars", File.ReadAllText(Path.Combine(without, CheckpointManifest.FileName)), StringComparison.Ordinal);
    });

    [Fact]
    public void A_slow_disk_holds_up_no_step_and_the_next_checkpoint_comes_when_it_is_free() => On(1, (ranks, state, store) =>
    {
        using var gate = new ManualResetEventSlim();
        var said = new LogCollector();
        using var log = new Serilog.LoggerConfiguration().WriteTo.Sink(said).CreateLogger();
        var often = config with { Checkpoint = config.Checkpoint with { EverySteps = 2 }, Training = config.Training with { Steps = 100 } };
        using var runFolder = RunFolder.Open(often.Run);
        using var writer = new CheckpointWriter(store, often.Checkpoint, state, ranks, () => gate.Wait(), () => NoLosses);
        var schedule = new CheckpointSchedule(writer, state, often, "f", runFolder, log, isResumed: false);
        Step(1, 5);
        Assert.Equal(2, writer.Step);
        Assert.Contains(said.Messages, text => text.StartsWith("step 4: the checkpoint is put off until the disk has taken that of step 2", StringComparison.Ordinal));
        gate.Set();
        // The parts are done soon after; every step asks.
        long next = 6;
        Patience.Until(() =>
        {
            Step(next, next);
            next++;
            return store.Complete().Any(path => CheckpointStore.StepOf(path) > 2);
        }, "a checkpoint behind that of step 2");
        Assert.Contains(store.PathOf(2), store.Complete());
        state.Progress = state.Progress with { Step = 1_000_000 };
        schedule.SaveNow();
        schedule.Finish();
        Assert.Equal(store.PathOf(1_000_000), store.Complete()[0]);

        void Step(long from, long to)
        {
            for (long step = from; step <= to; step++)
            {
                state.Progress = state.Progress with { Step = step };
                schedule.AfterStep(new(Stop: false, PartsDone: schedule.IsPartDone()));
                if (gate.IsSet) Thread.Sleep(1);
                else SpinWait.SpinUntil(() => !writer.IsBusy || schedule.IsPartDone(), 200);
            }
        }
    });

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void Values_that_are_not_finite_are_not_saved(float value) => On(2, (ranks, state, store) =>
    {
        using var writer = new CheckpointWriter(store, config.Checkpoint, state, ranks, () => { }, () => NoLosses);
        writer.Begin(1, Describe(state, 1));
        Assert.NotNull(writer.Finish());
        var last = state.Layout.Parameters[^1];
        using (torch.no_grad()) state.Weights[last.Range.End - 1] = value;
        ranks.Barrier();
        writer.Begin(2, Describe(state, 2));
        Assert.Contains($"{last.Slot.Name}: it holds values that are not finite at step 2", Assert.Throws<GuardException>(() => writer.Finish()).Message, StringComparison.Ordinal);
        ranks.Barrier();
        Assert.Equal([store.PathOf(1)], Directory.GetFileSystemEntries(store.Folder));
        Assert.False(writer.IsBusy);
    });

    [Fact]
    public void A_rank_that_cannot_write_its_shard_makes_all_of_them_say_so_and_the_next_save_may_work()
    {
        var messages = new string[2];
        On(2, (ranks, state, store) =>
        {
            using var writer = new CheckpointWriter(store, config.Checkpoint, state, ranks, () => { }, () => NoLosses);
            // A folder in the place of the file.
            if (ranks.Rank == 1) Directory.CreateDirectory(Path.Combine(store.TemporaryOf(3), CheckpointManifest.ShardName(1, 2)));
            ranks.Barrier();
            writer.Begin(3, Describe(state, 3));
            messages[ranks.Rank] = Assert.Throws<CheckpointException>(() => writer.Finish()).Message;
            ranks.Barrier();
            Assert.Empty(Directory.GetFileSystemEntries(store.Folder));
            ranks.Barrier();
            writer.Begin(4, Describe(state, 4));
            Assert.NotNull(writer.Finish());
        });
        Assert.Contains("the checkpoint was not saved (rank 1: ", messages[0], StringComparison.Ordinal);
        Assert.Equal(messages[0].Split(';')[0], messages[1].Split(';')[0]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Training_goes_on_to_the_same_bits_while_checkpoints_are_written(int world)
    {
        var data = config with { Data = new() { Folder = TinyRun.Data(folder) } };
        var with = Run("with", new() { EverySteps = 1, Asynchronous = true });
        var without = Run("without", new() { EverySteps = 1000, Asynchronous = false });
        Assert.Equal(TinyRun.Losses(without), TinyRun.Losses(with));
        Assert.Equal(TinyRun.Weights(without), TinyRun.Weights(with));
        var store = new CheckpointStore(Path.Combine(with.Run.Folder, "with", "checkpoints"));
        Assert.Equal(8, CheckpointVerification.Verify(store.Complete()[0]).Progress.Step);
        Assert.Empty(Directory.GetDirectories(store.Folder, ".*"));

        TrainConfig Run(string name, CheckpointConfig checkpoint)
        {
            var run = data with { Run = data.Run with { Name = name }, Checkpoint = checkpoint };
            TinyRun.TrainOn(world, run);
            return run;
        }
    }

    private void On(int world, Action<ICollectives, TrainState, CheckpointStore> body) => ThreadRanks.Run(world, ranks =>
    {
        torch.set_num_threads(1);
        using var state = TrainingModel.Create(config, new SparsitySink(config.Model.NumLayers), ranks);
        using var model = state.Model;
        body(ranks, state, new(folder["checkpoints"]));
        ranks.Barrier();
    });

    private Func<IReadOnlyDictionary<string, ShardFile>, IReadOnlyDictionary<string, IReadOnlyList<TensorPlace>>, CheckpointManifest> Describe(TrainState state, long step)
    {
        state.Progress = state.Progress with { Step = step };
        return state.Describe(config, "f");
    }
}
