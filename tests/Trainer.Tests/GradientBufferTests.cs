using SparkTrain.Distributed;
using SparkTrain.Kernels;
using SparkTrain.ModelFormat;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SparkTrain.Trainer.Tests;

public sealed class GradientBufferTests
{
    [Fact]
    public void Autograd_adds_into_the_flat_buffer_last_parameter_first()
    {
        using var scope = NewDisposeScope();
        using var alone = new SingleProcess();
        List<(WeightSlot Slot, Tensor Weight)> parameters = [(new(WeightRole.Query, 0, [2, 2]), new Parameter(ones(2, 2))), (new(WeightRole.FinalNorm, null, [3]), new Parameter(ones(3)))];
        var (a, b) = (parameters[0].Item2, parameters[1].Item2);
        using var gradients = new GradientBuffer(new(parameters.Select(p => p.Slot)), parameters, alone, accumulationSteps: 2, ReduceOrder.Fast, KernelSet.Cpu);
        for (int i = 0; i < 2; i++) ((a * 3).sum() + (b * arange(3)).sum()).backward();
        Assert.Equal([0, 2, 4, 6, 6, 6, 6], gradients.Flat.data<float>().ToArray());
        gradients.Clear();
        b.sum().backward();
        Assert.Equal([1, 1, 1, 0, 0, 0, 0], gradients.Flat.data<float>().ToArray());
    }

    [Theory]
    [InlineData(1, 8)]
    [InlineData(2, 4)]
    [InlineData(4, 2)]
    [InlineData(8, 1)]
    public void The_slot_tree_is_one_tree_over_micro_batches_and_ranks(int worldSize, int accumulationSteps) => ThreadRanks.Run(worldSize, ranks =>
    {
        // Sums of these depend on the order: by hand, ((g0 + g1) + (g2 + g3)) + ((g4 + g5) + (g6 + g7)).
        float[] g = [1e8f, 1, -1e8f, 3, 0.1f, 1e-9f, 7e7f, -0.3f];
        float expected = ((g[0] + g[1]) + (g[2] + g[3])) + ((g[4] + g[5]) + (g[6] + g[7]));
        using var scope = NewDisposeScope();
        List<(WeightSlot Slot, Tensor Weight)> parameters = [(new(WeightRole.FinalNorm, null, [3]), new Parameter(ones(3)))];
        using var gradients = new GradientBuffer(new(parameters.Select(p => p.Slot)), parameters, ranks, accumulationSteps, ReduceOrder.SlotTree, KernelSet.Cpu);
        for (int step = 0; step < 2; step++)
        {
            gradients.Clear();
            for (int i = 0; i < accumulationSteps; i++)
            {
                (parameters[0].Item2 * g[ranks.Rank * accumulationSteps + i]).sum().backward();
                if (i < accumulationSteps - 1) gradients.EndMicroBatch(i);
            }
            gradients.Reduce(new(0, 3));
            gradients.AllGather(new(0, 3));
            Assert.Equal([expected, expected, expected], gradients.Flat.data<float>().ToArray());
            ranks.Barrier();
        }
    }, ReduceOrder.SlotTree);
}
