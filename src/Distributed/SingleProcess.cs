using System.Runtime.InteropServices;

namespace SparkTrain.Distributed;

/// <summary>A world of one rank: every sum is the value itself, and no message library is needed.</summary>
public sealed unsafe class SingleProcess : ICollectives
{
    private readonly List<nint> allocations = [];
    private readonly Lock reporting = new();
    private (long Step, string Phase) reported = (0, "");

    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int WorldSize => 1;

    /// <inheritdoc/>
    public IReadOnlyList<int> HostRanks { get; } = [0];

    /// <inheritdoc/>
    public int Hosts => 1;

    /// <inheritdoc/>
    public RankMemory Allocate(string name, long count, bool onePerHost)
    {
        nint memory = (nint)NativeMemory.AlignedAlloc((nuint)count * sizeof(float), 64);
        NativeMemory.Clear((void*)memory, (nuint)count * sizeof(float));
        allocations.Add(memory);
        return new(name, count, 0, [memory]);
    }

    /// <inheritdoc/>
    public void ReduceScatter(RankMemory memory, FlatRange range) { }

    /// <inheritdoc/>
    public void AllGather(RankMemory memory, FlatRange range) { }

    /// <inheritdoc/>
    public void AllReduceSum(Span<double> values) { }

    /// <inheritdoc/>
    public void Barrier() { }

    /// <inheritdoc/>
    public void Report(long step, string phase)
    {
        lock (reporting) reported = (step, phase);
    }

    /// <summary>What this process is doing; it waits for nobody.</summary>
    public RankStatus Current
    {
        get
        {
            lock (reporting) return new(reported.Step, reported.Phase, null, TimeSpan.Zero);
        }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        foreach (nint memory in allocations) NativeMemory.AlignedFree((void*)memory);
        allocations.Clear();
    }
}
