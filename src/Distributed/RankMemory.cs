namespace SparkTrain.Distributed;

/// <summary>Float32 memory of a rank that the other ranks of its host read directly. It lives as long as the collectives that made it.</summary>
public sealed unsafe class RankMemory
{
    private readonly int localRank;
    private readonly nint[] byLocalRank;

    internal RankMemory(string name, long count, int localRank, nint[] byLocalRank) =>
        (Name, Count, this.localRank, this.byLocalRank) = (name, count, localRank, byLocalRank);

    /// <summary>Its name in messages.</summary>
    public string Name { get; }

    /// <summary>Elements.</summary>
    public long Count { get; }

    /// <summary>This rank's memory.</summary>
    public float* Pointer => Of(localRank);

    /// <summary>True where all ranks of a host have the same memory.</summary>
    internal bool IsOnePerHost => byLocalRank.Length > 1 && byLocalRank[0] == byLocalRank[1];

    /// <summary>The memory of a rank of this host, by its place among <see cref="ICollectives.HostRanks"/>; the same for all where the host has one.</summary>
    internal float* Of(int localRank) => (float*)byLocalRank[localRank];
}
