using SparkTrain.Distributed;
using SparkTrain.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>A flat float32 buffer of a rank: on the CPU it is the memory that ranks share, on a GPU that memory is its staging area.</summary>
public sealed unsafe class FlatBuffer : IDisposable
{
    private readonly ICollectives ranks;
    private readonly RankMemory? memory;
    private readonly Tensor? staging;

    /// <summary>Allocates the buffer, zeroed. All ranks call it.</summary>
    /// <param name="name">Names it in messages.</param>
    /// <param name="count">Elements.</param>
    /// <param name="ranks">The ranks, which outlive the buffer.</param>
    /// <param name="device">Where the tensor lives.</param>
    /// <param name="onePerHost">True where the ranks of a host may share one copy.</param>
    public FlatBuffer(string name, long count, ICollectives ranks, Device device, bool onePerHost)
    {
        this.ranks = ranks;
        if (DeviceMemory.IsHost(device))
        {
            memory = ranks.Allocate(name, count, onePerHost);
            Tensor = TensorMemory.Over(memory.Pointer, count).DetachFromDisposeScope();
            return;
        }
        Tensor = zeros(count, device: device).DetachFromDisposeScope();
        if (ranks.WorldSize == 1) return;
        memory = ranks.Allocate(name, count, onePerHost: false);
        staging = TensorMemory.Over(memory.Pointer, count).DetachFromDisposeScope();
    }

    /// <summary>The values, [count].</summary>
    public Tensor Tensor { get; }

    /// <summary>Adds a range up over the ranks; afterwards this rank's shard of it holds the sum.</summary>
    public void ReduceScatter(FlatRange range)
    {
        if (memory is null) return;
        Copy(Tensor, staging, range);
        ranks.ReduceScatter(memory, range);
        Copy(staging, Tensor, range.ShardOf(ranks.Rank, ranks.WorldSize));
    }

    /// <summary>Completes a range from the ranks' shards of it.</summary>
    public void AllGather(FlatRange range)
    {
        if (memory is null) return;
        Copy(Tensor, staging, range.ShardOf(ranks.Rank, ranks.WorldSize));
        ranks.AllGather(memory, range);
        Copy(staging, Tensor, range);
    }

    /// <summary>Frees the tensors; the memory is the ranks'.</summary>
    public void Dispose()
    {
        Tensor.Dispose();
        staging?.Dispose();
    }

    // Does nothing on the CPU, where there is no staging.
    private static void Copy(Tensor? from, Tensor? to, FlatRange range)
    {
        if (from is null || to is null) return;
        using var scope = NewDisposeScope();
        FlatLayout.Slice(to, range).copy_(FlatLayout.Slice(from, range));
    }
}
