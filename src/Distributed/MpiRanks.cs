namespace SparkTrain.Distributed;

/// <summary>The ranks of an MPI job, watched: what a run on many ranks holds from its beginning to its end.</summary>
public sealed class MpiRanks : IDisposable
{
    private readonly MpiWorld world;
    private readonly TimeSpan timeout;
    private readonly Action<DistributedException> end;

    /// <summary>Connects the ranks; all ranks do so together.</summary>
    /// <param name="world">The job; this object leaves it when disposed.</param>
    /// <param name="config">How ranks train together.</param>
    /// <param name="sharedBytes">Bytes that this rank will allocate for the ranks of its host to see.</param>
    /// <param name="end">Says why and ends the job; called on another thread.</param>
    /// <exception cref="DistributedException">The ranks cannot be connected.</exception>
    public MpiRanks(MpiWorld world, DistributedConfig config, long sharedBytes, Action<DistributedException> end)
    {
        (this.world, this.end) = (world, end);
        timeout = TimeSpan.FromSeconds(config.TimeoutSeconds);
        var transport = world.OpenTransport(sharedBytes);
        Watch = new(transport, timeout, end);
        Watch.Start();
        Collectives = new RankCollectives(transport, config.Reduce, Watch);
    }

    /// <summary>What the ranks do together.</summary>
    public ICollectives Collectives { get; }

    /// <summary>Ends the job where a rank waits too long.</summary>
    public RankWatch Watch { get; }

    /// <summary>Leaves the job; returns when all ranks have come to the same point.</summary>
    public void Dispose()
    {
        // As long as there is a watch: it says who has not come.
        Collectives.Barrier();
        // The watch ends with the memory that it looks at, but leaving waits for the others too.
        using var late = new Timer(_ => end(new($"rank {world.Rank}", $"the other ranks have not left the job within {timeout.TotalSeconds:0} s", "all ranks to leave together", "look at their logs for what holds them up; the run itself has ended")));
        late.Change(timeout, Timeout.InfiniteTimeSpan);
        Watch.Dispose();
        Collectives.Dispose();
        world.Dispose();
    }
}
