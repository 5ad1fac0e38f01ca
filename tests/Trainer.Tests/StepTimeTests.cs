using SparkTrain.ModelFormat;

namespace SparkTrain.Trainer.Tests;

/// <summary>The model of step time against arithmetic on paper.</summary>
public sealed class StepTimeTests
{
    private const int Digits = 9;

    // 26,976 parameters, of which 8,256 are the embedding: 2 cells, 1 bucket, 107,904 bytes. A step is 4 micro-batches.
    private static readonly TrainConfig Tiny = TinyRun.Config("data", "runs") with { Training = new() { Steps = 8, SeqLen = 32, MicroBatch = 2, GlobalBatchTokens = 256 } };

    private static readonly ClusterSpeeds Speeds = new(MicroBatchSeconds: 0.5, UpdateSecondsPerParameter: 1e-6, HostBytesPerSecond: 1e8, LinkBytesPerSecond: 1e6, LinkLatencySeconds: 1e-3, MessageSeconds: 1e-4);

    [Fact]
    public void One_rank_computes_and_updates() =>
        Require(new(Compute: 2, Reduction: 0, ControlSum: 0, Update: 0.026976, Gathering: 0), StepTime.Of(Tiny, 1, 1, Speeds, overlaps: false));

    [Fact]
    public void Ranks_of_one_host_wait_for_its_memory() => Require(new(
        Compute: 1,
        Reduction: 3 * 107_904 / 1e8,                              // each part is read from two memories and written once
        ControlSum: 2 * 2e-4 + 2 * (2 * 8 * 17 * 2 / 2.0) / 1e8,   // 12 losses, 2 cells, stop, 2 histories
        Update: 0.016384,                                          // one of two cells
        Gathering: 0), StepTime.Of(Tiny, 2, 2, Speeds, overlaps: false));

    [Fact]
    public void Hosts_exchange_what_the_others_own() => Require(new(
        Compute: 0.5,
        Reduction: 3 * 107_904 / 1e8 + (65_536 / 1e6 + 1e-3 + 2e-4) + 3 * 65_536 / 1e8,
        ControlSum: 4 * (2e-4 + 1e-3) + 2 * 8 * 19 * 2 * 0.75 / 1e6,
        Update: 0.016384,
        Gathering: 65_536 / 1e6 + 1e-3 + 2e-4), StepTime.Of(Tiny, 4, 2, Speeds, overlaps: false));

    [Fact]
    public void A_bucket_that_does_not_divide_makes_one_host_the_slowest()
    {
        // 26,976 elements are 2 cells for 4 hosts: two hosts own one each, and receive it from three others.
        var step = StepTime.Of(Tiny, 4, 1, Speeds, overlaps: false);
        Assert.Equal(3 * 65_536 / 1e6 + 1e-3 + 6e-4, step.Gathering, Digits);
    }

    [Fact]
    public void A_long_backward_pass_hides_all_but_what_holds_the_embedding()
    {
        // Embedding 256 × 128 = 2 cells = 1 bucket; the rest fills 2 buckets and begins a third; the embedding ends that one and has 9,344 elements in a fourth, less than a cell.
        var config = Tiny with
        {
            Model = Tiny.Model with { VocabSize = 256, DModel = 128, Ffn = Tiny.Model.Ffn with { DFf = 96 } },
            Distributed = new() { BucketMegabytes = 0.131072 },
            Training = Tiny.Training with { GlobalBatchTokens = 128 },
        };
        Assert.Equal((32_768, 74_880), (ParameterCount.Of(config.Model).Embedding, ParameterCount.Of(config.Model).NonEmbedding));
        var network = Speeds with { HostBytesPerSecond = double.PositiveInfinity, LinkLatencySeconds = 0, MessageSeconds = 0 };
        Assert.Equal((3 * 65_536 + 4 * 9_344) / 1e6, StepTime.Of(config, 2, 1, network, overlaps: false).Reduction, Digits);
        Assert.Equal((65_536 + 4 * 9_344) / 1e6, StepTime.Of(config, 2, 1, network with { MicroBatchSeconds = 100 }, overlaps: true).Reduction, Digits);
    }

    private static void Require(StepTime expected, StepTime actual)
    {
        Assert.Equal(expected.Compute, actual.Compute, Digits);
        Assert.Equal(expected.Reduction, actual.Reduction, Digits);
        Assert.Equal(expected.ControlSum, actual.ControlSum, Digits);
        Assert.Equal(expected.Update, actual.Update, Digits);
        Assert.Equal(expected.Gathering, actual.Gathering, Digits);
    }
}
