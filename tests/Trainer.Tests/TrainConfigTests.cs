using System.ComponentModel.DataAnnotations;
using SparkTrain.Native;

namespace SparkTrain.Trainer.Tests;

public sealed class TrainConfigTests
{
    private static readonly TrainConfig Tiny = TinyRun.Config("data", "runs");

    [Fact]
    public void A_batch_that_does_not_divide_names_its_neighbours()
    {
        var config = Tiny with { Training = Tiny.Training with { MicroBatch = 4, SeqLen = 32, GlobalBatchTokens = 1000 } };
        Assert.Contains("multiple of SeqLen 32 = 32. Nearest: 992 or 1024.", Problems(config).Single().ErrorMessage, StringComparison.Ordinal);
        var even = config with { Training = config.Training with { GlobalBatchTokens = 1024 } };
        Assert.Equal(("Training.GlobalBatchTokens", "is 1024; it must be a multiple of SeqLen 32 × ranks 3 = 96. Nearest: 960 or 1056. Or train on 2 or 4 ranks."), BatchLayout.ProblemWith(even, 3));
        Assert.Null(BatchLayout.ProblemWith(even, 2));
    }

    [Fact]
    public void A_sequence_longer_than_the_model_is_refused() =>
        Assert.Contains(Problems(Tiny with { Training = Tiny.Training with { SeqLen = 64, GlobalBatchTokens = 256 } }), p => p.MemberNames.Single() == "Training.SeqLen");

    [Fact]
    public void What_shapes_samples_or_arithmetic_may_not_change_on_resume_and_the_rest_may()
    {
        var saved = TrainState.ConfigJson(Tiny);
        Assert.Empty(ConfigChange.Forbidden(saved, TrainState.ConfigJson(Tiny with
        {
            Training = Tiny.Training with { Steps = 99, Threads = 7 }, Logging = new() { EverySteps = 9 }, Checkpoint = new() { EverySteps = 9, KeepLast = 1 },
        })));
        var changed = Tiny with { Training = Tiny.Training with { SeqLen = 16 }, Model = Tiny.Model with { DModel = 48 }, Run = Tiny.Run with { Seed = 2 } };
        Assert.Equal(["Model.DModel was 32, is 48", "Run.Seed was 1, is 2", "Training.SeqLen was 32, is 16"], ConfigChange.Forbidden(saved, TrainState.ConfigJson(changed)));
    }

    [Fact]
    public void Memory_counts_sixteen_bytes_a_parameter_and_two_more_for_bf16()
    {
        long parameters = ModelFormat.ParameterCount.Of(Tiny.Model).Total;
        var need = MemoryEstimate.Of(Tiny, 1, 1);
        Assert.Equal(16 * parameters, need.Weights + need.Gradients + need.Optimizer);
        Assert.Equal(2 * parameters, MemoryEstimate.Of(Tiny with { Training = Tiny.Training with { Compute = ComputeType.BFloat16 } }, 1, 1).ComputeCopies);
        var e = Assert.Throws<EnvironmentException>(() => MemoryEstimate.Require(Tiny, 1, 1, need.Total - 1));
        Assert.Contains("available", e.Message, StringComparison.Ordinal);
        MemoryEstimate.Require(Tiny, 1, 1, need.Total);
    }

    [Theory]
    [InlineData(42, "42s")]
    [InlineData(192, "3m12s")]
    [InlineData(18180, "5h03m")]
    [InlineData(187200, "2d04h")]
    public void Durations_read_well(double seconds, string text) => Assert.Equal(text, Pace.Text(seconds));

    private static List<ValidationResult> Problems(TrainConfig config) => [.. config.Validate(new(config))];
}
