using SparkTrain.Checkpoints;
using SparkTrain.Distributed;
using SparkTrain.Support;

namespace SparkTrain.Trainer.Tests;

/// <summary>Training on several ranks, here threads of one process.</summary>
public sealed class RankTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TrainConfig config;

    // 8 micro-batches a step; buckets of one cell, so that every rank has shards of several.
    public RankTests()
    {
        var tiny = TinyRun.Config(TinyRun.Data(folder), folder["runs"]);
        config = tiny with { Training = tiny.Training with { MicroBatch = 1, Threads = 1 }, Distributed = new() { BucketMegabytes = 0.1, Overlap = Toggle.Off } };
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(ReduceOrder.Fast, 2, Toggle.Auto)]
    [InlineData(ReduceOrder.Fast, 4, Toggle.Off)]
    [InlineData(ReduceOrder.Ordered, 8, Toggle.Auto)]
    public void Ranks_train_as_one_process_does_up_to_rounding(ReduceOrder order, int worldSize, Toggle shardOptimizer)
    {
        TinyRun.TrainOn(1, Named("one"));
        var spread = Named("spread") with { Distributed = config.Distributed with { Reduce = order, ShardOptimizer = shardOptimizer } };
        TinyRun.TrainOn(worldSize, spread);
        foreach (var (a, b) in TinyRun.Losses(Named("one")).Zip(TinyRun.Losses(spread)).Skip(1)) Assert.Equal(a!.Value, b!.Value, 1e-4);
    }

    [Fact]
    public void The_slot_tree_gives_the_same_bits_on_any_ranks_and_hosts_sharded_or_not_overlapped_or_not()
    {
        var slotTree = config.Distributed with { Reduce = ReduceOrder.SlotTree };
        var one = Named("one") with { Distributed = slotTree };
        TinyRun.TrainOn(1, one);
        (Topology Topology, Toggle Shard, Toggle Overlap)[] others =
        [
            (new(new int[2]), Toggle.On, Toggle.Off), (new(new int[4]), Toggle.Off, Toggle.Off), (new(new int[8]), Toggle.On, Toggle.On),
            (new([0, 0, 1, 1]), Toggle.On, Toggle.On), (new([0, 1, 0, 1]), Toggle.On, Toggle.Off), (new([0, 1, 1, 1]), Toggle.Off, Toggle.On), (new([0, 1]), Toggle.On, Toggle.On),
        ];
        foreach (var (index, (topology, shard, overlap)) in others.Index())
        {
            var other = Named("other" + index) with { Distributed = slotTree with { ShardOptimizer = shard, Overlap = overlap } };
            TinyRun.TrainOn(topology, other);
            Assert.Equal(TinyRun.Losses(one), TinyRun.Losses(other));
            Assert.Equal(TinyRun.Weights(one), TinyRun.Weights(other));
        }
    }

    [Fact]
    public void Ranks_whose_share_is_less_than_MicroBatch_train_with_smaller_ones_and_a_run_may_go_on_with_another_size()
    {
        var large = config with { Training = config.Training with { MicroBatch = 8 } };
        TinyRun.TrainOn(1, Named("one", large));
        TinyRun.TrainOn(4, Named("four", large), until: 3);
        TinyRun.TrainOn(2, Named("four", large with { Training = large.Training with { MicroBatch = 3 } }));
        foreach (var (a, b) in TinyRun.Losses(Named("one")).Zip(TinyRun.Losses(Named("four"))).Skip(1)) Assert.Equal(a!.Value, b!.Value, 1e-4);
    }

    [Fact]
    public void Slots_of_their_own_give_the_bits_of_micro_batches_of_their_size()
    {
        var slotTree = config.Distributed with { Reduce = ReduceOrder.SlotTree };
        TinyRun.TrainOn(1, Named("micro") with { Distributed = slotTree });
        var slots = Named("slots", config with { Training = config.Training with { MicroBatch = 8 }, Distributed = slotTree with { Slots = 8 } });
        TinyRun.TrainOn(4, slots, until: 3);
        TinyRun.TrainOn(2, slots with { Training = slots.Training with { MicroBatch = 2 } });
        Assert.Equal(TinyRun.Losses(Named("micro")), TinyRun.Losses(slots));
        Assert.Equal(TinyRun.Weights(Named("micro")), TinyRun.Weights(slots));
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(8, 2)]
    [InlineData(4, 1)]
    public void The_slot_tree_keeps_its_bits_when_a_run_goes_on_with_another_number_of_ranks(int before, int after)
    {
        var slotTree = config.Distributed with { Reduce = ReduceOrder.SlotTree };
        var unbroken = Named("unbroken") with { Distributed = slotTree };
        TinyRun.TrainOn(2, unbroken);
        var broken = Named("broken") with { Distributed = slotTree, LrSchedule = config.LrSchedule };
        TinyRun.TrainOn(before, broken);
        // As if it had been killed after its checkpoint at step 3.
        string runs = Path.Combine(config.Run.Folder, "broken");
        foreach (string step in (string[])["step-00000006", "step-00000008"]) Directory.Delete(Path.Combine(runs, "checkpoints", step), recursive: true);
        Directory.Delete(Path.Combine(runs, "model"), recursive: true);
        TinyRun.TrainOn(after, broken);
        Assert.Equal(TinyRun.Losses(unbroken), TinyRun.Losses(broken));
        Assert.Equal(TinyRun.Weights(unbroken), TinyRun.Weights(broken));
    }

    [Fact]
    public void Each_rank_writes_its_shards_and_the_checkpoint_is_the_same_model()
    {
        TinyRun.TrainOn(4, Named("four"));
        string checkpoint = Path.Combine(config.Run.Folder, "four", "checkpoints", "step-00000008");
        Assert.Equal(["rank-00000-of-00004.safetensors", "rank-00001-of-00004.safetensors", "rank-00002-of-00004.safetensors", "rank-00003-of-00004.safetensors"],
            Directory.GetFiles(checkpoint, "*.safetensors").Select(Path.GetFileName).Order());
        using var saved = TrainedModel.Load(checkpoint, new());
        using var exported = TrainedModel.Load(Path.Combine(config.Run.Folder, "four", "model"), new());
        foreach (var (a, b) in saved.Model.Weights.Zip(exported.Model.Weights)) Assert.True(a.Weight.Equals(b.Weight), a.Slot.Name);
    }

    [Fact]
    public void A_stop_that_one_rank_is_asked_for_stops_all_after_the_same_step()
    {
        var stopped = Named("stopped");
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        ThreadRanks.Run(2, ranks =>
        {
            TorchSharp.torch.set_num_threads(1);
            Assert.Equal(TrainOutcome.Stopped, TinyRun.Train(stopped, ranks.Rank == 1 ? stop : null, ranks));
        });
        Assert.True(CheckpointStore.IsComplete(Path.Combine(config.Run.Folder, "stopped", "checkpoints", "step-00000001")));
    }

    private TrainConfig Named(string name, TrainConfig? of = null) => (of ?? config) with { Run = config.Run with { Name = name } };
}
