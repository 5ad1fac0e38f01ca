using System.Numerics;

namespace SparkTrain.Distributed;

/// <summary>Which ranks sit on which host.</summary>
public sealed class Topology
{
    private readonly int[][] hosts;
    private readonly (int Host, int Local)[] places;

    /// <summary>Groups the ranks by host.</summary>
    /// <param name="hostOfRank">For each rank a number that is the same for ranks of one host.</param>
    public Topology(IReadOnlyList<int> hostOfRank)
    {
        hosts = [.. Enumerable.Range(0, hostOfRank.Count).GroupBy(rank => hostOfRank[rank]).Select(group => group.ToArray())];
        places = new (int, int)[hostOfRank.Count];
        for (int host = 0; host < hosts.Length; host++)
            for (int local = 0; local < hosts[host].Length; local++) places[hosts[host][local]] = (host, local);
    }

    /// <summary>The number of ranks.</summary>
    public int WorldSize => places.Length;

    /// <summary>The ranks of each host in rising order; hosts in the order of their first rank.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Hosts => hosts;

    /// <summary>The host of a rank.</summary>
    public int HostOf(int rank) => places[rank].Host;

    /// <summary>The place of a rank among those of its host.</summary>
    public int LocalOf(int rank) => places[rank].Local;

    /// <summary>The rank of a host that reduces, sends and receives what belongs to <paramref name="owner"/>, a rank of any host.</summary>
    public int HandlerOf(int host, int owner) => hosts[host][LocalOf(owner) % hosts[host].Length];

    /// <summary>
    /// True where every host's ranks are a subtree of the binary tree over all ranks (see <see cref="SumTree"/>): equally many, a power of two, one after the
    /// other. Only then are sums that begin inside hosts the same as sums in the order of the tree.
    /// </summary>
    public bool HostsAreSubtrees
    {
        get
        {
            int size = hosts[0].Length;
            if (hosts.Length == 1) return true;
            return BitOperations.IsPow2(size) && hosts.Index().All(host => host.Item.Length <= size && host.Item.Index().All(rank => rank.Item == host.Index * size + rank.Index)
                && (host.Item.Length == size || host.Index == hosts.Length - 1));
        }
    }

    /// <summary>A world in which each rank counts as a host of its own.</summary>
    public static Topology Apart(int worldSize) => new([.. Enumerable.Range(0, worldSize)]);
}
