using System.ComponentModel.DataAnnotations;
using SparkTrain.Distributed;

namespace SparkTrain.Trainer.Tests;

/// <summary>How the sequences of a step become micro-batches: expected numbers are divisions by hand.</summary>
public sealed class BatchLayoutTests
{
    private static readonly TrainConfig Tiny = TinyRun.Config("data", "runs");

    [Theory]
    [InlineData(32, 16, 1, 16, 2)]
    [InlineData(32, 16, 2, 16, 1)]
    [InlineData(32, 16, 4, 8, 1)]
    [InlineData(32, 16, 8, 4, 1)]
    [InlineData(32, 5, 2, 4, 4)]
    [InlineData(30, 16, 1, 15, 2)]
    [InlineData(30, 8, 3, 5, 2)]
    [InlineData(31, 16, 1, 1, 31)]
    [InlineData(3, 16, 1, 3, 1)]
    public void A_rank_takes_the_largest_divisor_of_its_share_up_to_MicroBatch(int sequences, int microBatch, int ranks, int rows, int steps)
    {
        foreach (var reduce in (ReduceOrder[])[ReduceOrder.Fast, ReduceOrder.Ordered])
        {
            var config = Of(sequences, microBatch, reduce);
            Assert.Empty(Problems(config));
            Assert.Null(BatchLayout.ProblemWith(config, ranks));
            Assert.Equal(new(ranks, rows, steps), BatchLayout.Of(config, ranks));
            // The sum of validation losses must not depend on the ranks.
            Assert.Equal(microBatch, BatchLayout.ValidationRows(config));
        }
    }

    [Theory]
    [InlineData(null, 1, 4, 8)]
    [InlineData(null, 8, 4, 1)]
    [InlineData(16, 1, 2, 16)]
    [InlineData(16, 4, 2, 4)]
    [InlineData(16, 16, 2, 1)]
    public void A_micro_batch_is_a_slot_on_any_number_of_ranks(int? slots, int ranks, int rows, int steps)
    {
        var config = Of(32, 4, ReduceOrder.SlotTree, slots);
        Assert.Empty(Problems(config));
        Assert.Null(BatchLayout.ProblemWith(config, ranks));
        Assert.Equal(new(ranks, rows, steps), BatchLayout.Of(config, ranks));
        Assert.Equal(rows, BatchLayout.ValidationRows(config));
    }

    [Theory]
    [InlineData(32, 16, null, 4, "Distributed.Slots", "is 2 (GlobalBatchTokens 1024 / MicroBatch 16 / SeqLen 32): a step has fewer slots than ranks (4). Set it to 4, 8, 16, 32; a run that has begun keeps its own.")]
    [InlineData(32, 16, 8, 16, "Distributed.Slots", "is 8: a step has fewer slots than ranks (16). Set it to 16, 32; a run that has begun keeps its own.")]
    [InlineData(32, 16, null, 3, "Distributed.Reduce", "is SlotTree, which needs 1, 2, 4, 8, … ranks, not 3.")]
    [InlineData(48, 16, 4, 32, "Training.GlobalBatchTokens", "is 1536; it must be a multiple of SeqLen 32 × ranks 32 = 1024. Nearest: 1024 or 2048. Or train on 24 or 48 ranks.")]
    public void More_ranks_than_slots_are_refused_with_the_value_to_set(int sequences, int microBatch, int? slots, int ranks, string key, string message) =>
        Assert.Equal((key, message), BatchLayout.ProblemWith(Of(sequences, microBatch, ReduceOrder.SlotTree, slots), ranks));

    [Theory]
    [InlineData(32, 4, 6, "Distributed.Slots", "is 6; Distributed.Reduce = SlotTree needs 1, 2, 4, 8, … slots. Set Distributed.Slots to 8, 16, 32.")]
    [InlineData(24, 4, 16, "Distributed.Slots", "is 16, which does not divide a step's 24 sequences. Set Distributed.Slots to 8.")]
    [InlineData(32, 4, 4, "Distributed.Slots", "is 4: a slot of 8 sequences is more than Training.MicroBatch = 4. Set Distributed.Slots to 8, 16, 32, or raise Training.MicroBatch.")]
    [InlineData(24, 4, null, "Distributed.Slots", "is 6 (GlobalBatchTokens 768 / MicroBatch 4 / SeqLen 32); Distributed.Reduce = SlotTree needs 1, 2, 4, 8, … slots. Set Distributed.Slots to 8.")]
    [InlineData(30, 4, null, "Training.GlobalBatchTokens", "is 960; it must be a multiple of MicroBatch 4 × SeqLen 32 = 128. Nearest: 896 or 1024. Set Distributed.Slots to a power of two, with a Training.GlobalBatchTokens of as many sequences or a multiple.")]
    public void Slots_that_cannot_be_are_refused_with_the_value_to_set(int sequences, int microBatch, int? slots, string key, string message)
    {
        var problem = Assert.Single(Problems(Of(sequences, microBatch, ReduceOrder.SlotTree, slots)));
        Assert.Equal((key, message), (problem.MemberNames.Single(), problem.ErrorMessage));
    }

    [Fact]
    public void A_step_of_more_sequences_than_can_be_is_refused()
    {
        var config = Tiny with { Training = Tiny.Training with { SeqLen = 1, GlobalBatchTokens = 1_000_000_000_000 } };
        Assert.Contains("100000000 at most", Assert.Single(Problems(config)).ErrorMessage, StringComparison.Ordinal);
    }

    private static TrainConfig Of(int sequences, int microBatch, ReduceOrder reduce, int? slots = null) => Tiny with
    {
        Training = Tiny.Training with { SeqLen = 32, MicroBatch = microBatch, GlobalBatchTokens = 32L * sequences, Threads = 1 },
        Distributed = new() { Reduce = reduce, Slots = slots },
    };

    private static List<ValidationResult> Problems(TrainConfig config) => [.. config.Validate(new(config))];
}
