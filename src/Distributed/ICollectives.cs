namespace SparkTrain.Distributed;

/// <summary>What the ranks of a run do together. Every rank calls the same members in the same order, with the same ranges.</summary>
public interface ICollectives : IDisposable
{
    /// <summary>This rank, counted from 0.</summary>
    int Rank { get; }

    /// <summary>The number of ranks.</summary>
    int WorldSize { get; }

    /// <summary>The ranks of this host, this one included, in rising order.</summary>
    IReadOnlyList<int> HostRanks { get; }

    /// <summary>The number of hosts.</summary>
    int Hosts { get; }

    /// <summary>Allocates float32 memory, zeroed, for the life of this object.</summary>
    /// <param name="name">Names the memory in messages.</param>
    /// <param name="count">Elements, the same on every rank.</param>
    /// <param name="onePerHost">True gives all ranks of a host the same memory, false each its own.</param>
    /// <exception cref="DistributedException">The memory cannot be had.</exception>
    RankMemory Allocate(string name, long count, bool onePerHost);

    /// <summary>Adds a range of every rank's memory up. Afterwards each rank holds the sum in its shard of the range; the rest of the range is undefined.</summary>
    void ReduceScatter(RankMemory memory, FlatRange range);

    /// <summary>Hands each rank's shard of a range to every other, so that all hold the whole range.</summary>
    void AllGather(RankMemory memory, FlatRange range);

    /// <summary>
    /// Replaces doubles on every rank by their sum over the ranks, and checks that all ranks have made the same calls so far. Where only one rank's
    /// value is not 0 the result is that value, whatever the order of the sum.
    /// </summary>
    /// <exception cref="DistributedException">Ranks have made different calls.</exception>
    void AllReduceSum(Span<double> values);

    /// <summary>Returns when every rank has called it.</summary>
    void Barrier();

    /// <summary>Tells the other ranks' messages what this rank is doing.</summary>
    /// <param name="step">The step being made.</param>
    /// <param name="phase">A few words.</param>
    void Report(long step, string phase);
}
