using SparkTrain.Model;
using SparkTrain.ModelFormat;
using SparkTrain.Support;

namespace SparkTrain.Trainer.Tests.Sparsity;

public sealed class SparsityScheduleTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(1, 1.0, 64)]
    [InlineData(4, 1.0, 64)]
    [InlineData(5, 0.353553390593, 32)]   // ½·(⅛ / ½)^(1/4), 64·(4/64)^(1/4)
    [InlineData(6, 0.25, 16)]
    [InlineData(7, 0.176776695297, 8)]
    [InlineData(8, null, null)]
    [InlineData(1000, null, null)]
    public void Fraction_and_keys_fall_by_equal_factors(long step, double? fraction, int? keys)
    {
        var model = TinyRun.Config("", "").Model with { Ffn = new() { Kind = FfnKind.Spark, DFf = 96, PredictorDim = 16, Active = 12 }, Attention = TinyRun.Config("", "").Model.Attention with { Active = 4 } };
        var level = new SparsityLevel();
        new SparsityConfig { DenseSteps = 4, RampSteps = 3 }.SetLevel(level, step, model, seqLen: 64);
        Assert.Equal(fraction is null, level.FfnFraction is null);
        if (fraction is { } expected) Assert.Equal(expected, level.FfnFraction!.Value, 1e-9);
        Assert.Equal(keys, level.AttentionKeys);
    }

    [Fact]
    public void Without_a_schedule_the_configured_sparsity_holds_from_the_first_step()
    {
        var level = new SparsityLevel { FfnFraction = 1, AttentionKeys = 9 };
        new SparsityConfig().SetLevel(level, 1, TinyRun.Config("", "").Model, 32);
        Assert.Equal((null, null), (level.FfnFraction, level.AttentionKeys));
    }

    [Fact]
    public void A_run_begins_dense_and_ends_at_its_sparsity_and_resumes_in_between_to_the_bit()
    {
        var unbroken = Config("unbroken");
        TinyRun.Train(unbroken);
        double[] active = [.. TinyRun.Metrics(unbroken).Skip(1).Select(m => m.GetProperty("ffn_active_fraction").GetDouble())];
        Assert.Equal([1, 1], active[..2]);
        Assert.True(active[2] is < 0.6 and > 0.3 && active[3] < active[2] && active[4] < active[3], string.Join(' ', active));
        Assert.InRange(active[7], 0.05, 0.12);   // 8 of 96 are aimed at

        var broken = Config("broken");
        TinyRun.Train(broken, until: 4);
        TinyRun.Train(broken);
        Assert.Equal(TinyRun.Losses(unbroken), TinyRun.Losses(broken));
        Assert.Equal(TinyRun.Weights(unbroken), TinyRun.Weights(broken));

        // A dense step computes with most keys that the window shows; those of other documents are not useful. Backwards no score is computed that leads nowhere.
        var first = TinyRun.Metrics(unbroken)[1];
        double executed = first.GetProperty("flops_executed_per_token").GetDouble();
        double[] all = [.. Enumerable.Repeat(double.PositiveInfinity, unbroken.Model.NumLayers)];
        Assert.InRange(executed, first.GetProperty("flops_useful_per_token").GetDouble() + 1, FlopCount.Forward(unbroken.Model, unbroken.Training.SeqLen, all).Total + 1e-6);
        Assert.InRange(first.GetProperty("flops_executed_backward_per_token").GetDouble(), executed, 2 * executed);
        var last = TinyRun.Metrics(unbroken)[8];
        Assert.True(last.GetProperty("flops_useful_per_token").GetDouble() < last.GetProperty("flops_executed_per_token").GetDouble());
    }

    private TrainConfig Config(string name)
    {
        var config = TinyRun.Config(Directory.Exists(folder["data"]) ? folder["data"] : TinyRun.Data(folder), folder["runs"]);
        return config with { Run = config.Run with { Name = name }, Sparsity = new() { DenseSteps = 2, RampSteps = 3 } };
    }
}
