using SparkTrain.Distributed;
using SparkTrain.Launcher.Verification;
using SparkTrain.ModelFormat;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Tests.Verification;

public sealed class TrialGroupTests
{
    [Fact]
    public void One_number_of_ranks_is_stopped_and_resumed_as_configured()
    {
        var group = Assert.Single(TrialGroup.Of(Config(ReduceOrder.Fast), [2], kills: false, cores: 4));
        Assert.Equal(("As configured (Distributed.Reduce=Fast).", 2), (group.Title, group.Ranks));
        Assert.Empty(group.Set);
        Assert.Equal([new(2, 2, IsKilled: false, ComparesBits: true)], group.Trials);
        Assert.Equal(["2 ranks, stopped, resumed", "2 ranks, killed, resumed"], Assert.Single(TrialGroup.Of(Config(ReduceOrder.Fast), [2], kills: true, cores: 4)).Trials.Select(trial => trial.Title));
    }

    [Theory]
    [InlineData(ReduceOrder.Fast)]
    [InlineData(ReduceOrder.Ordered)]
    public void Other_numbers_are_tried_with_SlotTree_and_a_fixed_number_of_threads(ReduceOrder reduce)
    {
        var groups = TrialGroup.Of(Config(reduce), [1, 2, 4], kills: false, cores: 9);
        Assert.Equal(["1 rank, stopped, resumed"], groups[0].Trials.Select(trial => trial.Title));
        // Nine cores for at most four ranks: two each.
        Assert.Equal(["Distributed.Reduce=SlotTree", "Training.Threads=2"], groups[1].Set);
        Assert.Equal(["1 rank, stopped, resumed on 2 ranks", "1 rank, stopped, resumed on 4 ranks"], groups[1].Trials.Select(trial => trial.Title));
        Assert.All(groups[1].Trials, trial => Assert.True(trial.ComparesBits));
        Assert.Contains($"the last bits of {reduce} depend on the number of ranks by design", groups[1].Title, StringComparison.Ordinal);
    }

    [Fact]
    public void Threads_that_are_stated_stay() => Assert.Equal(["Distributed.Reduce=SlotTree"], TrialGroup.Of(Config(ReduceOrder.Fast, threads: 3), [1, 2], kills: false, cores: 9)[1].Set);

    // 8 slots of 4 sequences as configured.
    [Fact]
    public void More_ranks_than_slots_get_a_slot_each() =>
        Assert.Equal(["Distributed.Reduce=SlotTree", "Distributed.Slots=16"], TrialGroup.Of(Config(ReduceOrder.Fast, threads: 1), [1, 16], kills: false, cores: 9)[1].Set);

    [Fact]
    public void SlotTree_as_configured_is_one_group_of_bits()
    {
        var group = Assert.Single(TrialGroup.Of(Config(ReduceOrder.SlotTree, threads: 1), [2, 1, 4], kills: false, cores: 2));
        Assert.Empty(group.Set);
        Assert.Equal([(2, 2, true), (2, 1, true), (2, 4, true)], group.Trials.Select(trial => (trial.Ranks, trial.ResumeRanks, trial.ComparesBits)));
    }

    [Theory]
    // 6 micro-batches of 4 × 32 tokens.
    [InlineData(768, new[] { 1, 2 }, "SlotTree is not possible: Distributed.Slots is 6 (GlobalBatchTokens 768")]
    [InlineData(1024 * 3, new[] { 1, 3 }, "SlotTree is not possible: Distributed.Slots is 24 (GlobalBatchTokens 3072")]
    public void Where_SlotTree_is_not_possible_the_key_is_named_and_only_what_is_read_is_compared(long tokens, int[] ranks, string reason)
    {
        var group = Assert.Single(TrialGroup.Of(Config(ReduceOrder.Fast, tokens: tokens), ranks, kills: false, cores: 2));
        Assert.Contains(reason, group.Title, StringComparison.Ordinal);
        Assert.Equal([true, false], group.Trials.Select(trial => trial.ComparesBits));
    }

    private static TrainConfig Config(ReduceOrder reduce, int threads = 0, long tokens = 1024) => new()
    {
        Run = new() { Name = "r" }, Model = new() { VocabSize = 258, DModel = 32, NumLayers = 1, MaxSeqLen = 32, Ffn = new() { Kind = FfnKind.Gated, DFf = 64 }, Attention = new() { Kind = AttentionKind.Dense, NumHeads = 2, NumKvHeads = 1, HeadDim = 16, Window = 32 } },
        Data = new() { Folder = "data" }, Training = new() { Steps = 10, SeqLen = 32, GlobalBatchTokens = tokens, MicroBatch = 4, Threads = threads }, LrSchedule = new() { Lr = 1e-3 },
        Distributed = new() { Reduce = reduce },
    };
}
