using System.Numerics;
using SparkTrain.Distributed;
using SparkTrain.Kernels;
using SparkTrain.ModelFormat;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>All gradients in one flat float32 buffer: autograd adds into its views.</summary>
/// <remarks>
/// In the order of the slot tree every micro-batch is a leaf: its gradients are completed alone, and then added to those of earlier ones as a binary
/// counter carries. What a rank ends with is the sum along the branch of the tree that its micro-batches are.
/// </remarks>
public sealed class GradientBuffer : IDisposable
{
    private readonly FlatLayout layout;
    private readonly FlatBuffer sum;
    private readonly Tensor[] branches;
    private readonly int accumulationSteps;
    private readonly KernelSet kernels;

    /// <summary>Allocates the buffer and makes each parameter's gradient a view of it. All ranks call it.</summary>
    /// <param name="layout">The order of the parameters.</param>
    /// <param name="parameters">The parameters.</param>
    /// <param name="ranks">The ranks that gradients are added up over.</param>
    /// <param name="accumulationSteps">Micro-batches of this rank in a step; a power of two for the slot tree.</param>
    /// <param name="order">The order of sums.</param>
    /// <param name="kernels">Adds and squares.</param>
    public GradientBuffer(FlatLayout layout, IReadOnlyList<(WeightSlot Slot, Tensor Weight)> parameters, ICollectives ranks, int accumulationSteps, ReduceOrder order, KernelSet kernels)
    {
        using var scope = NewDisposeScope();
        (this.layout, this.accumulationSteps, this.kernels) = (layout, accumulationSteps, kernels);
        var device = parameters[0].Weight.device;
        sum = new("gradients", layout.Count, ranks, device, onePerHost: false);
        int levels = order == ReduceOrder.SlotTree ? BitOperations.Log2((uint)accumulationSteps) : 0;
        branches = [.. Enumerable.Range(0, levels).Select(_ => zeros(layout.Count, device: device).DetachFromDisposeScope())];
        foreach (var (slot, weight) in parameters) weight.grad = layout.View(Flat, slot);
    }

    /// <summary>The gradients, [Count].</summary>
    public Tensor Flat => sum.Tensor;

    /// <summary>Sets all gradients to zero.</summary>
    public void Clear() => Flat.zero_();

    /// <summary>Takes note that a micro-batch other than the last one has been through its backward pass.</summary>
    /// <param name="index">Its number in the step, counted from 0.</param>
    public void EndMicroBatch(int index)
    {
        if (branches.Length == 0) return;
        AddBranches(new(0, layout.Count), CarriedBy(index));
        branches[CarriedBy(index)].copy_(Flat);
        Flat.zero_();
    }

    /// <summary>Adds a range of the step's gradients up over micro-batches and ranks, once it is complete; afterwards this rank's shard of it holds the sum.</summary>
    public void Reduce(FlatRange range)
    {
        AddBranches(range, branches.Length == 0 ? 0 : CarriedBy(accumulationSteps - 1));
        sum.ReduceScatter(range);
    }

    /// <summary>Completes a reduced range from the ranks' shards of it.</summary>
    public void AllGather(FlatRange range) => sum.AllGather(range);

    /// <summary>Writes Σ g² of every cell of a range, which begins with a cell, to the cells' places.</summary>
    public void SumSquares(FlatRange range, Span<double> cells)
    {
        using var scope = NewDisposeScope();
        kernels.SumsOfSquares(FlatLayout.Slice(Flat, range), FlatRange.Cell).CopyTo(cells[(int)(range.Begin / FlatRange.Cell)..]);
    }

    /// <summary>Frees the buffers.</summary>
    public void Dispose()
    {
        sum.Dispose();
        foreach (var branch in branches) branch.Dispose();
    }

    // How many branches a leaf completes: 0 for the first, 1 for the second, 0, 2, 0, 1, 0, 3 …
    private static int CarriedBy(int index) => BitOperations.TrailingZeroCount(~index);

    private void AddBranches(FlatRange range, int levels)
    {
        for (int level = 0; level < levels; level++)
        {
            using var scope = NewDisposeScope();
            kernels.AddInto(FlatLayout.Slice(Flat, range), FlatLayout.Slice(branches[level], range));
        }
    }
}
