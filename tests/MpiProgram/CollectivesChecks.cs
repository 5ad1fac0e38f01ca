using SparkTrain.Distributed;
using SparkTrain.Distributed.Mpi;

namespace SparkTrain.MpiProgram;

/// <summary>Every operation of <see cref="RankCollectives"/> over MPI, against sums made here.</summary>
internal static unsafe class CollectivesChecks
{
    private const int Cell = (int)FlatRange.Cell;

    public static void Run(LauncherEnvironment launcher)
    {
        using var mpi = new MpiEnvironment(MpiLibrarySearch.Load(launcher));
        Check.Equal((launcher.Rank, launcher.WorldSize), (mpi.World.Rank, mpi.World.Size), "place");
        // The host's ranks as they are, in pairs, each apart, and the first apart from the rest: the hosts of other clusters.
        foreach (var hostOf in new Func<int, int>[] { _ => 0, rank => rank / 2, rank => rank, rank => Math.Min(rank, 1) })
            foreach (var order in new[] { ReduceOrder.Fast, ReduceOrder.Ordered })
            {
                var world = mpi.World.Clone();
                using var shared = world.SplitShared();
                Check.Equal(world.Size, shared.Size, "ranks of this host");
                var warnings = new List<string>();
                using var ranks = new RankCollectives(new MpiTransport(world, shared.Split(hostOf(world.Rank), world.Rank)!, 1 << 20, warnings), order, watch: null);
                Check.Equal(0, warnings.Count, "warnings");
                Check.Elements<int>([.. Enumerable.Range(0, world.Size).Where(rank => hostOf(rank) == hostOf(world.Rank))], [.. ranks.HostRanks], "ranks of the host");
                Reduce(ranks, ordered: order != ReduceOrder.Fast);
                Share(ranks, 3 * Cell + 5);
                ReduceDoubles(ranks);
                ranks.Barrier();
            }
    }

    /// <summary>Adds up and hands round ranges of different lengths inside a memory of integers and one of fractions.</summary>
    public static void Reduce(RankCollectives ranks, bool ordered)
    {
        // In front, elements that must keep their values; odd, so that vectors are not aligned with the memory.
        const int Front = 13, Longest = 5 * Cell + 3;
        RankMemory integers = ranks.Allocate("integers", Front + Longest, onePerHost: false), fractions = ranks.Allocate("fractions", Longest, onePerHost: false);
        for (int i = 0; i < integers.Count; i++) Check.Equal(0, integers.Pointer[i], "new memory");
        foreach (int count in new[] { 1, Cell + 1, Longest })
        {
            var range = new FlatRange(Front, count);
            for (int i = 0; i < integers.Count; i++) integers.Pointer[i] = Integer(ranks.Rank, i + count);
            ranks.ReduceScatter(integers, range);
            var shard = range.ShardOf(ranks.Rank, ranks.WorldSize);
            for (long i = shard.Begin; i < shard.End; i++) Check.Equal(SumOfIntegers(ranks.WorldSize, i + count), integers.Pointer[i], "sum");
            ranks.AllGather(integers, range);
            for (int i = 0; i < Front; i++) Check.Equal(Integer(ranks.Rank, i + count), integers.Pointer[i], "element in front");
            for (long i = range.Begin; i < range.End; i++) Check.Equal(SumOfIntegers(ranks.WorldSize, i + count), integers.Pointer[i], "gathered sum");

            for (int i = 0; i < count; i++) fractions.Pointer[i] = Fraction(ranks.Rank, i);
            ranks.ReduceScatter(fractions, new(0, count));
            ranks.AllGather(fractions, new(0, count));
            for (int i = 0; i < count; i++)
            {
                float tree = Tree(0, ranks.WorldSize, rank => Fraction(rank, i));
                // The order may be the library's own; every order is right to a few roundings.
                if (MathF.Abs(tree - fractions.Pointer[i]) > 1e-5f) throw new CheckFailedException($"sum of fractions: {fractions.Pointer[i]} instead of about {tree} at {i}");
                if (ordered) Check.Equal(tree, fractions.Pointer[i], "sum along the tree");
            }
            // Nobody may write before all have read.
            ranks.Barrier();
        }
    }

    /// <summary>Hands round a memory of which each host has one.</summary>
    private static void Share(RankCollectives ranks, int count)
    {
        var memory = ranks.Allocate("weights", count, onePerHost: true);
        var whole = new FlatRange(0, count);
        var shard = whole.ShardOf(ranks.Rank, ranks.WorldSize);
        for (long i = shard.Begin; i < shard.End; i++) memory.Pointer[i] = Integer(ranks.Rank, i);
        ranks.AllGather(memory, whole);
        for (int owner = 0; owner < ranks.WorldSize; owner++)
        {
            var part = whole.ShardOf(owner, ranks.WorldSize);
            for (long i = part.Begin; i < part.End; i++) Check.Equal(Integer(owner, i), memory.Pointer[i], "weight");
        }
    }

    private static void ReduceDoubles(RankCollectives ranks)
    {
        double[] values = [ranks.Rank + 1, ranks.Rank == ranks.WorldSize - 1 ? Math.PI : 0, 0.5];
        ranks.AllReduceSum(values);
        Check.Elements<double>([ranks.WorldSize * (ranks.WorldSize + 1) / 2, Math.PI, 0.5 * ranks.WorldSize], values, "sum of doubles");
    }

    private static float Integer(int rank, long i) => (rank + 1) * (i % 1009);

    private static float SumOfIntegers(int ranks, long i) => ranks * (ranks + 1) / 2 * (i % 1009);

    private static float Fraction(int rank, int i) => MathF.Sin(rank * 7919 + i) / 3;

    // Left to right over a power of two, then the rest: written out once more, not taken from SumTree.
    private static float Tree(int first, int count, Func<int, float> leaf)
    {
        if (count == 1) return leaf(first);
        int left = 1;
        while (left * 2 < count) left *= 2;
        return Tree(first, left, leaf) + Tree(first + left, count - left, leaf);
    }
}
