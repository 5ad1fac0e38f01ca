using System.Diagnostics;
using SparkTrain.Distributed;

namespace SparkTrain.Bench;

/// <summary>Collectives that tell, when asked to, how long a rank waits for the slower ones and how long the calls themselves take: a barrier before each call parts the two.</summary>
internal sealed class TimedCollectives(ICollectives inner) : ICollectives
{
    /// <summary>True parts waiting from working, at the price of the barriers.</summary>
    public bool Splits { get; set; }

    /// <summary>Seconds in barriers before calls.</summary>
    public double Waiting { get; private set; }

    /// <summary>Seconds in reductions.</summary>
    public double Reducing { get; private set; }

    /// <summary>Seconds in gatherings.</summary>
    public double Gathering { get; private set; }

    /// <summary>Seconds in sums of doubles.</summary>
    public double Summing { get; private set; }

    public int Rank => inner.Rank;

    public int WorldSize => inner.WorldSize;

    public IReadOnlyList<int> HostRanks => inner.HostRanks;

    public int Hosts => inner.Hosts;

    public RankMemory Allocate(string name, long count, bool onePerHost) => inner.Allocate(name, count, onePerHost);

    public void ReduceScatter(RankMemory memory, FlatRange range)
    {
        Wait();
        long start = Stopwatch.GetTimestamp();
        inner.ReduceScatter(memory, range);
        Reducing += Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void AllGather(RankMemory memory, FlatRange range)
    {
        Wait();
        long start = Stopwatch.GetTimestamp();
        inner.AllGather(memory, range);
        Gathering += Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void AllReduceSum(Span<double> values)
    {
        Wait();
        long start = Stopwatch.GetTimestamp();
        inner.AllReduceSum(values);
        Summing += Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Barrier() => inner.Barrier();

    public void Report(long step, string phase) => inner.Report(step, phase);

    /// <summary>Forgets what was measured.</summary>
    public void Reset() => (Waiting, Reducing, Gathering, Summing) = (0, 0, 0, 0);

    public void Dispose() { }

    private void Wait()
    {
        if (!Splits) return;
        long start = Stopwatch.GetTimestamp();
        inner.Barrier();
        Waiting += Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
