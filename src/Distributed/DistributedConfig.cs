using System.ComponentModel.DataAnnotations;

namespace SparkTrain.Distributed;

/// <summary>In which order gradients are added up.</summary>
public enum ReduceOrder
{
    /// <summary>Over the ranks of each host first, then over the hosts; last bits depend on which ranks share a host.</summary>
    Fast,

    /// <summary>Along a binary tree over the ranks: the same bits for the same number of ranks, on any hosts and any network.</summary>
    Ordered,

    /// <summary>Along a binary tree over the step's slots: the same bits for any number of ranks.</summary>
    SlotTree,
}

/// <summary>A switch that may be left to the program.</summary>
public enum Toggle
{
    /// <summary>On where it pays.</summary>
    Auto,

    /// <summary>On.</summary>
    On,

    /// <summary>Off.</summary>
    Off,
}

/// <summary>How ranks train together.</summary>
public sealed record DistributedConfig
{
    /// <summary>Order in which gradients are added up: Fast (bits depend on the hosts), Ordered (on the number of ranks only), or SlotTree (on the slots only).</summary>
    public ReduceOrder Reduce { get; init; } = ReduceOrder.Fast;

    /// <summary>With Reduce = SlotTree: the leaves of the tree, a power of two; a micro-batch is one of them on any number of ranks. null takes GlobalBatchTokens / (MicroBatch × SeqLen).</summary>
    [Range(1, 1_048_576)]
    public int? Slots { get; init; }

    /// <summary>Optimizer state divided among the ranks (ZeRO stage 1) instead of copied on each; Auto is on for more than one rank.</summary>
    public Toggle ShardOptimizer { get; init; } = Toggle.Auto;

    /// <summary>Megabytes (10⁶) of gradients that are reduced at a time.</summary>
    [Range(0.1, 10_000.0)]
    public double BucketMegabytes { get; init; } = 25;

    /// <summary>Reduces gradients on a thread of its own while the backward pass goes on; Auto is on where a core is spare on every rank, or there is more than one host.</summary>
    public Toggle Overlap { get; init; } = Toggle.Auto;

    /// <summary>Seconds that a rank may wait for the others before the job is ended.</summary>
    [Range(1.0, 86_400.0)]
    public double TimeoutSeconds { get; init; } = 300;

    /// <summary>Elements of a bucket: whole cells.</summary>
    public long BucketElements => Math.Max(1, (long)Math.Round(BucketMegabytes * 1e6 / sizeof(float) / FlatRange.Cell)) * FlatRange.Cell;

    /// <summary>True where a run of <paramref name="worldSize"/> ranks divides its optimizer state.</summary>
    public bool ShardsOptimizer(int worldSize) => ShardOptimizer == Toggle.On || (ShardOptimizer == Toggle.Auto && worldSize > 1);

    /// <summary>True where reductions overlap the backward pass.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="threads">Threads that a rank computes with.</param>
    /// <param name="cores">Cores of this host.</param>
    public bool Overlaps(ICollectives ranks, int threads, int cores) => ranks.WorldSize > 1 && Overlap switch
    {
        Toggle.On => true,
        Toggle.Off => false,
        // Without a spare core the reduction only takes the time of the computation.
        _ => ranks.Hosts > 1 || cores >= ranks.HostRanks.Count * (threads + 1),
    };
}
