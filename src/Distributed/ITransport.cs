namespace SparkTrain.Distributed;

/// <summary>What the collectives need from below: memory and a barrier inside a host, messages between ranks. One thread calls at a time.</summary>
internal unsafe interface ITransport : IDisposable
{
    int Rank { get; }

    /// <summary>Where the ranks are; ranks that share memory are on one host.</summary>
    Topology Topology { get; }

    /// <summary>Allocates zeroed memory that the ranks of this host map; returns each one's address here, in the order of the host's ranks. All ranks call it.</summary>
    /// <param name="bytes">Bytes of this rank's part.</param>
    nint[] AllocateShared(long bytes);

    /// <summary>Returns when every rank of this host has called it; what they wrote before is visible afterwards.</summary>
    void HostBarrier();

    /// <summary>Sends and receives floats, all at once; returns when everything has arrived and the sent memory may be written again. Messages between two ranks keep their order.</summary>
    void Exchange(IReadOnlyList<RankMessage> sends, IReadOnlyList<RankMessage> receives);

    /// <summary>Adds doubles up over all ranks in the order that the message library chooses.</summary>
    void AllReduceSum(Span<double> values);

    void Barrier();
}

/// <summary>Floats to or from another rank.</summary>
/// <param name="Peer">The other rank.</param>
/// <param name="Address">Where they lie or go.</param>
/// <param name="Count">How many.</param>
internal readonly record struct RankMessage(int Peer, nint Address, long Count);
