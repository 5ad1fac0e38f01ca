using System.Runtime.InteropServices;

namespace SparkTrain.Distributed;

/// <summary>Ranks that are threads of one process: a distributed run without a launcher, for tests and debugging.</summary>
public sealed class ThreadRanks : IDisposable
{
    private readonly Topology topology;
    private readonly Barrier all;
    private readonly Barrier[] byHost;
    private readonly nint[] published;
    private readonly IReadOnlyList<RankMessage>[] sends;
    private readonly List<nint> allocations = [];

    private ThreadRanks(Topology topology)
    {
        this.topology = topology;
        all = new(topology.WorldSize);
        byHost = [.. topology.Hosts.Select(host => new Barrier(host.Count))];
        published = new nint[topology.WorldSize];
        sends = new IReadOnlyList<RankMessage>[topology.WorldSize];
    }

    /// <summary>Runs <paramref name="body"/> on one thread a rank, all on one host, and returns when all have ended.</summary>
    /// <exception cref="AggregateException">Ranks failed; the others were released from their collectives.</exception>
    public static void Run(int worldSize, Action<ICollectives> body, ReduceOrder order = ReduceOrder.Fast) => Run(new Topology(new int[worldSize]), body, order);

    /// <summary>Runs <paramref name="body"/> on one thread a rank and returns when all have ended.</summary>
    /// <param name="topology">Which ranks share memory; the others exchange messages.</param>
    /// <param name="body">What each rank does.</param>
    /// <param name="order">The order of sums.</param>
    /// <exception cref="AggregateException">Ranks failed; the others were released from their collectives.</exception>
    public static void Run(Topology topology, Action<ICollectives> body, ReduceOrder order = ReduceOrder.Fast) =>
        RunTransports(topology, transport => body(new RankCollectives(transport, order, watch: null)));

    /// <summary>Runs <paramref name="body"/> on one thread a rank, with what collectives are built on, and returns when all have ended.</summary>
    internal static void RunTransports(Topology topology, Action<ITransport> body)
    {
        using var world = new ThreadRanks(topology);
        var failures = new Exception?[topology.WorldSize];
        Thread[] threads = [.. Enumerable.Range(0, topology.WorldSize).Select(rank => new Thread(() =>
        {
            try
            {
                body(new Transport(world, rank));
            }
            catch (Exception e)
            {
                failures[rank] = e;
                world.all.RemoveParticipant();
                world.byHost[topology.HostOf(rank)].RemoveParticipant();
            }
        }, maxStackSize: 16 << 20))];
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        if (failures.OfType<Exception>().ToArray() is { Length: > 0 } found) throw new AggregateException(found);
    }

    /// <summary>Frees barriers and memory.</summary>
    public unsafe void Dispose()
    {
        all.Dispose();
        foreach (var barrier in byHost) barrier.Dispose();
        foreach (nint memory in allocations) NativeMemory.AlignedFree((void*)memory);
    }

    private sealed unsafe class Transport(ThreadRanks world, int rank) : ITransport
    {
        public int Rank => rank;

        public Topology Topology => world.topology;

        public nint[] AllocateShared(long bytes)
        {
            nint memory = (nint)NativeMemory.AlignedAlloc((nuint)Math.Max(64, bytes), 64);
            NativeMemory.Clear((void*)memory, (nuint)Math.Max(64, bytes));
            lock (world.allocations) world.allocations.Add(memory);
            world.published[rank] = memory;
            Barrier();
            nint[] parts = [.. Topology.Hosts[Topology.HostOf(rank)].Select(member => world.published[member])];
            Barrier();
            return parts;
        }

        public void HostBarrier() => world.byHost[Topology.HostOf(rank)].SignalAndWait();

        public void Exchange(IReadOnlyList<RankMessage> sends, IReadOnlyList<RankMessage> receives)
        {
            world.sends[rank] = sends;
            Barrier();
            foreach (var receive in receives)
            {
                var sent = world.sends[receive.Peer].Single(message => message.Peer == rank);
                if (sent.Count != receive.Count) throw new InvalidOperationException($"rank {receive.Peer} sent {sent.Count} floats, rank {rank} expects {receive.Count}");
                Buffer.MemoryCopy((void*)sent.Address, (void*)receive.Address, receive.Count * sizeof(float), sent.Count * sizeof(float));
            }
            Barrier();
        }

        public void AllReduceSum(Span<double> values)
        {
            var sums = new double[values.Length];
            fixed (double* p = values)
                foreach (nint part in Gather((nint)p))
                    for (int i = 0; i < sums.Length; i++) sums[i] += ((double*)part)[i];
            Barrier();
            sums.CopyTo(values);
        }

        public void Barrier() => world.all.SignalAndWait();

        public void Dispose() { }

        private nint[] Gather(nint address)
        {
            world.published[rank] = address;
            Barrier();
            return [.. world.published];
        }
    }
}
