namespace SparkTrain.Distributed;

/// <summary>
/// The collectives of more than one rank. Inside a host every rank adds up its share of a range straight from the memory of the others; between hosts
/// the sums of hosts are sent to the shard's owner, who adds them up. See docs/distributed.md.
/// </summary>
public sealed unsafe class RankCollectives : ICollectives
{
    private readonly ITransport transport;
    private readonly Topology hosts, summingGroups;
    private readonly IRankWatch? watch;
    private readonly CallHistory history = new();
    private float[] arrived = [];

    internal RankCollectives(ITransport transport, ReduceOrder order, IRankWatch? watch)
    {
        (this.transport, this.watch) = (transport, watch);
        hosts = transport.Topology;
        // Sums that must follow the tree over the ranks may only begin inside a host where its ranks are a branch of that tree.
        summingGroups = order == ReduceOrder.Fast || hosts.HostsAreSubtrees ? hosts : Topology.Apart(WorldSize);
    }

    /// <inheritdoc/>
    public int Rank => transport.Rank;

    /// <inheritdoc/>
    public int WorldSize => hosts.WorldSize;

    /// <inheritdoc/>
    public IReadOnlyList<int> HostRanks => hosts.Hosts[hosts.HostOf(Rank)];

    /// <inheritdoc/>
    public int Hosts => hosts.Hosts.Count;

    /// <inheritdoc/>
    public RankMemory Allocate(string name, long count, bool onePerHost)
    {
        using var call = Begin(new("allocation", name, new(0, count)));
        int local = hosts.LocalOf(Rank);
        // Where the host has one memory, its first rank brings it.
        nint[] parts = transport.AllocateShared(onePerHost && local > 0 ? 0 : count * sizeof(float));
        return new(name, count, local, onePerHost ? [.. parts.Select(_ => parts[0])] : parts);
    }

    /// <inheritdoc/>
    public void ReduceScatter(RankMemory memory, FlatRange range)
    {
        using var call = Begin(new("reduction", memory.Name, range));
        transport.HostBarrier();
        SumInsideGroup(memory, range);
        if (summingGroups.Hosts.Count > 1) SumOverGroups(memory, range.ShardOf(Rank, WorldSize), range);
    }

    /// <inheritdoc/>
    public void AllGather(RankMemory memory, FlatRange range)
    {
        using var call = Begin(new("gathering", memory.Name, range));
        int host = hosts.HostOf(Rank);
        if (Hosts > 1)
        {
            var mine = range.ShardOf(Rank, WorldSize);
            transport.Exchange(
                [.. OtherThan(host, Hosts).Select(other => Message(hosts.HandlerOf(other, Rank), memory, mine)).Where(m => m.Count > 0)],
                [.. Ranks().Where(owner => hosts.HostOf(owner) != host && hosts.HandlerOf(host, owner) == Rank).Select(owner => Message(owner, memory, range.ShardOf(owner, WorldSize))).Where(m => m.Count > 0)]);
        }
        transport.HostBarrier();
        if (memory.IsOnePerHost) return;
        foreach (int owner in Ranks())
        {
            int holder = hosts.HostOf(owner) == host ? owner : hosts.HandlerOf(host, owner);
            var shard = range.ShardOf(owner, WorldSize);
            if (holder != Rank) Buffer.MemoryCopy(memory.Of(hosts.LocalOf(holder)) + shard.Begin, memory.Pointer + shard.Begin, shard.Count * sizeof(float), shard.Count * sizeof(float));
        }
        transport.HostBarrier();
    }

    /// <inheritdoc/>
    public void AllReduceSum(Span<double> values)
    {
        var made = new CollectiveCall("sum", "", new(0, values.Length));
        using var call = Begin(made);
        Span<double> all = new double[values.Length + WorldSize];
        values.CopyTo(all);
        var histories = all[values.Length..];
        histories[Rank] = history.Value;
        transport.AllReduceSum(all);
        for (int rank = 0; rank < WorldSize; rank++)
            if (histories[rank] != histories[0])
                throw new DistributedException($"rank {Rank}", $"ranks 0 and {rank} have made different collective calls before call {history.Calls}, {made}", "the same calls on every rank",
                    "start every rank with the same program and the same configuration; if they were, this is a bug: report it with the logs of both ranks");
        all[..values.Length].CopyTo(values);
    }

    /// <inheritdoc/>
    public void Barrier()
    {
        using var call = Begin(new("barrier", "", default));
        transport.Barrier();
    }

    /// <inheritdoc/>
    public void Report(long step, string phase) => watch?.Report(step, phase);

    /// <summary>Frees the memory and leaves the other ranks; all ranks do so together.</summary>
    public void Dispose() => transport.Dispose();

    private void SumInsideGroup(RankMemory memory, FlatRange range)
    {
        int group = summingGroups.HostOf(Rank);
        var members = summingGroups.Hosts[group];
        Span<nint> parts = stackalloc nint[members.Count];
        foreach (int owner in Ranks().Where(owner => summingGroups.HandlerOf(group, owner) == Rank))
        {
            // Nobody else reads this part of this rank's memory, so that the sum can stay in it.
            var shard = range.ShardOf(owner, WorldSize);
            for (int i = 0; i < members.Count; i++) parts[i] = (nint)(memory.Of(hosts.LocalOf(members[i])) + shard.Begin);
            SumTree.Sum(parts, memory.Pointer + shard.Begin, shard.Count);
        }
    }

    private void SumOverGroups(RankMemory memory, FlatRange mine, FlatRange range)
    {
        int group = summingGroups.HostOf(Rank), groups = summingGroups.Hosts.Count;
        if (arrived.Length < mine.Count * (groups - 1)) arrived = new float[mine.Count * (groups - 1)];
        fixed (float* buffer = arrived)
        {
            var parts = new nint[groups];
            var receives = new List<RankMessage>();
            foreach (int other in OtherThan(group, groups))
            {
                parts[other] = (nint)(buffer + receives.Count * mine.Count);
                receives.Add(new(summingGroups.HandlerOf(other, Rank), parts[other], mine.Count));
            }
            parts[group] = (nint)(memory.Pointer + mine.Begin);
            transport.Exchange(
                [.. Ranks().Where(owner => summingGroups.HostOf(owner) != group && summingGroups.HandlerOf(group, owner) == Rank).Select(owner => Message(owner, memory, range.ShardOf(owner, WorldSize))).Where(m => m.Count > 0)],
                mine.Count > 0 ? receives : []);
            SumTree.Sum(parts, memory.Pointer + mine.Begin, mine.Count);
        }
    }

    private static RankMessage Message(int peer, RankMemory memory, FlatRange shard) => new(peer, (nint)(memory.Pointer + shard.Begin), shard.Count);

    private IEnumerable<int> Ranks() => Enumerable.Range(0, WorldSize);

    private static IEnumerable<int> OtherThan(int one, int count) => Enumerable.Range(0, count).Where(i => i != one);

    private Watched Begin(CollectiveCall call)
    {
        history.Add(call);
        watch?.Enter(call, history);
        return new(watch);
    }

    private readonly ref struct Watched(IRankWatch? watch)
    {
        public void Dispose() => watch?.Leave();
    }
}
