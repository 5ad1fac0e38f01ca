using SparkTrain.Distributed;
using SparkTrain.Kernels;
using SparkTrain.ModelFormat;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Trainer.Tests;

/// <summary>Every kind of optimizer has code and state under its names; a new member of the enum fails here until it has.</summary>
public sealed class OptimizerTests
{
    public static TheoryData<OptimizerKind> Kinds => [.. Enum.GetValues<OptimizerKind>()];

    [Theory, MemberData(nameof(Kinds))]
    public void Every_kind_updates_its_ranges_only_and_has_the_state_that_it_names(OptimizerKind kind)
    {
        using var scope = NewDisposeScope();
        var layout = new FlatLayout([new WeightSlot(WeightRole.Query, 0, [4, 5])]);
        using var optimizer = Optimizer.Of(layout, [new(3, 8), new(15, 5)], new() { Kind = kind }, CPU, KernelSet.Cpu);
        Assert.Equal(kind.Slots(), optimizer.Slots);
        Assert.Equal([(3L, 8L), (15L, 5L)], optimizer.State().Select(held => (held.Range.Begin, held.Range.Count)));
        Assert.All(optimizer.State(), held => Assert.All(held.State, values => Assert.Equal([held.Range.Count], values.shape)));
        var weights = ones(layout.Count);
        optimizer.Step(weights, ones(layout.Count), new(1, 0.1, 1));
        Assert.Equal([.. Enumerable.Range(0, 20).Select(i => i is (>= 3 and < 11) or >= 15)], weights.data<float>().Select(w => w != 1));
    }

    [Fact]
    public void A_kind_without_a_rule_throws() => Assert.Throws<ArgumentOutOfRangeException>(() => ((OptimizerKind)99).Slots());
}
