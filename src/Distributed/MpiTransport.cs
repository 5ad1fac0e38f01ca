using System.Runtime.InteropServices;
using SparkTrain.Distributed.Mpi;

namespace SparkTrain.Distributed;

/// <summary>Ranks that are processes of an MPI job. It has communicators of its own, so that several may be used at the same time.</summary>
internal sealed unsafe class MpiTransport : ITransport
{
    // MPI counts elements in 32 bits.
    private const long LargestMessage = 1 << 30;

    private const int Alignment = 64, Tag = 0;

    private readonly Intracommunicator world;
    private readonly Intracommunicator? host;
    private readonly List<SharedWindow> windows = [];
    private readonly List<nint> allocations = [];

    /// <summary>Groups the ranks by host; all ranks call it.</summary>
    /// <param name="world">All ranks; it is disposed of with the transport.</param>
    /// <param name="hostRanks">Those of this rank's host, in the same order; likewise.</param>
    /// <param name="sharedBytes">Bytes that this rank will share with the ranks of its host. Where that host lacks room, its ranks share none.</param>
    /// <param name="warnings">Takes a message for each such host, on rank 0.</param>
    public MpiTransport(Intracommunicator world, Intracommunicator hostRanks, long sharedBytes, List<string> warnings)
    {
        this.world = world;
        int leader = world.Rank;
        hostRanks.Broadcast(ref leader, 0);
        long needed = hostRanks.Allreduce(sharedBytes, Operation.Add), free = SharedMemory.FreeBytes;
        hostRanks.Broadcast(ref free, 0);
        bool shares = hostRanks.Size == 1 || SharedMemory.HasRoom(needed, free);
        var places = world.Allgather(new Place(leader, shares, needed, free));
        Topology = new([.. places.Index().Select(place => place.Item.Shares ? place.Item.Leader : place.Index)]);
        if (shares && hostRanks.Size > 1) host = hostRanks;
        else hostRanks.Dispose();
        if (Rank != 0) return;
        foreach (var apart in places.Where(place => !place.Shares).DistinctBy(place => place.Leader))
            warnings.Add($"The {places.Count(place => place.Leader == apart.Leader)} ranks on the host of rank {apart.Leader} exchange messages instead of sharing memory, which is slower: {SharedMemory.Shortage(apart.Needed, apart.Free)}. Do: {SharedMemory.Remedy}.");
    }

    public int Rank => world.Rank;

    public Topology Topology { get; }

    public nint[] AllocateShared(long bytes)
    {
        if (host is null)
        {
            nint memory = (nint)NativeMemory.AlignedAlloc((nuint)Math.Max(Alignment, bytes), Alignment);
            NativeMemory.Clear((void*)memory, (nuint)bytes);
            allocations.Add(memory);
            return [memory];
        }
        // Memory that turns out not to be there when it is touched ends the process by a signal.
        long needed = host.Allreduce(bytes, Operation.Add), free = SharedMemory.FreeBytes;
        host.Broadcast(ref free, 0);
        if (free < needed)
            throw new DistributedException($"the host of rank {Rank}", SharedMemory.Shortage(needed, free), "room for what the ranks of a host share", SharedMemory.Remedy);
        var window = new SharedWindow(host, bytes);
        windows.Add(window);
        return [.. window.Parts];
    }

    public void HostBarrier()
    {
        if (host is null) return;
        foreach (var window in windows) window.Sync();
        host.Barrier();
        foreach (var window in windows) window.Sync();
    }

    public void Exchange(IReadOnlyList<RankMessage> sends, IReadOnlyList<RankMessage> receives)
    {
        var requests = new List<(Request Request, int Receives)>();
        foreach (var receive in receives)
            foreach (var part in Parts(receive)) requests.Add((world.ImmediateReceive(part.Peer, Tag, (float*)part.Address, (int)part.Count), (int)part.Count));
        foreach (var send in sends)
            foreach (var part in Parts(send)) requests.Add((world.ImmediateSend((float*)part.Address, (int)part.Count, part.Peer, Tag), 0));
        foreach (var (request, expected) in requests)
        {
            var status = request.Wait();
            if (status.Count != expected)
                throw new DistributedException($"rank {Rank}", $"{status.Count} floats have arrived from rank {status.Source}", $"{expected}, as every rank computes it from the same ranges",
                    "start every rank with the same program and the same configuration; if they were, this is a bug: report it with the logs of both ranks");
        }
    }

    public void AllReduceSum(Span<double> values) => world.Allreduce(values, Operation.Add);

    public void Barrier() => world.Barrier();

    public void Dispose()
    {
        foreach (var window in windows) window.Dispose();
        windows.Clear();
        foreach (nint memory in allocations) NativeMemory.AlignedFree((void*)memory);
        allocations.Clear();
        host?.Dispose();
        world.Dispose();
    }

    private static IEnumerable<RankMessage> Parts(RankMessage message)
    {
        for (long begin = 0; begin < message.Count; begin += LargestMessage)
            yield return new(message.Peer, message.Address + (nint)(begin * sizeof(float)), Math.Min(LargestMessage, message.Count - begin));
    }

    private readonly record struct Place(int Leader, bool Shares, long Needed, long Free);
}
