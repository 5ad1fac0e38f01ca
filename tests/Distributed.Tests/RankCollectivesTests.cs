using CsCheck;

namespace SparkTrain.Distributed.Tests;

/// <summary>The collectives over ranks that are threads.</summary>
public sealed unsafe class RankCollectivesTests
{
    private const int Cell = (int)FlatRange.Cell;

    /// <summary>One host, hosts apart, ragged hosts, hosts in turn, and hosts that are no branches of the tree.</summary>
    public static TheoryData<string, ReduceOrder> Worlds => new(
        from hosts in new List<string> { "0", "0 0", "0 1", "0 0 0", "0 1 1", "0 0 1", "0 1 2", "0 0 1 1", "0 1 0 1", "0 0 0 1", "0 0 0 1 1", "0 1 2 2 2 2", "0 0 0 1 1 1 2", "0 0 0 0 1 1 1 1", "0 1 2 3 4 5 6 7" }
        from order in Enum.GetValues<ReduceOrder>()
        select (hosts, order));

    [Theory]
    [MemberData(nameof(Worlds))]
    public void Each_rank_gets_the_sum_of_its_shard_and_then_of_all(string hosts, ReduceOrder order) => ThreadRanks.Run(TopologyTests.Parse(hosts), ranks =>
    {
        foreach (int count in new[] { 1, 3 * Cell + 7 }) SumAndGather(ranks, front: 5, count);
    }, order);

    [Fact]
    public void Sums_are_right_for_any_hosts_and_lengths() =>
        Gen.Select(Gen.Int[0, 3].Array[1, 8], Gen.Int[1, 6 * Cell], Gen.Int[0, 20], Gen.Enum<ReduceOrder>()).Sample((hosts, count, front, order) =>
            ThreadRanks.Run(new Topology(hosts), ranks => SumAndGather(ranks, front, count), order), iter: 30);

    [Theory]
    [MemberData(nameof(Worlds))]
    public void Ranks_of_a_host_share_what_is_there_once(string hosts, ReduceOrder order) => ThreadRanks.Run(TopologyTests.Parse(hosts), ranks =>
    {
        var memory = ranks.Allocate("weights", 3 * Cell + 7, onePerHost: true);
        var whole = new FlatRange(0, memory.Count);
        var shard = whole.ShardOf(ranks.Rank, ranks.WorldSize);
        for (long i = shard.Begin; i < shard.End; i++) memory.Pointer[i] = ranks.Rank + 1;
        ranks.AllGather(memory, whole);
        for (int owner = 0; owner < ranks.WorldSize; owner++)
            for (long i = whole.ShardOf(owner, ranks.WorldSize).Begin; i < whole.ShardOf(owner, ranks.WorldSize).End; i++) Assert.Equal(owner + 1, memory.Pointer[i]);
        // Nobody may write before all have read.
        ranks.Barrier();
        if (ranks.HostRanks[0] == ranks.Rank) memory.Pointer[0] = 100 + ranks.Rank;
        ranks.Barrier();
        Assert.Equal(100 + ranks.HostRanks[0], memory.Pointer[0]);
    }, order);

    [Theory]
    [InlineData(3, "0 0 0", "0 1 2", "0 0 1", "0 1 1")]
    [InlineData(4, "0 0 0 0", "0 1 2 3", "0 0 1 1", "0 1 0 1", "0 0 0 1")]
    [InlineData(5, "0 0 0 0 0", "0 1 2 3 4", "0 0 1 1 2", "0 0 0 1 1")]
    [InlineData(8, "0 0 0 0 0 0 0 0", "0 0 0 0 1 1 1 1", "0 0 0 1 1 1 2 2", "0 1 2 3 4 5 6 7")]
    public void Ordered_sums_have_the_bits_of_the_tree_on_any_hosts(int worldSize, params string[] worlds)
    {
        const int Count = 2 * Cell + 3;
        float[] expected = [.. Enumerable.Range(0, Count).Select(i => Tree(0, worldSize, rank => Fraction(rank, i)))];
        foreach (string hosts in worlds)
            foreach (var order in new[] { ReduceOrder.Ordered, ReduceOrder.SlotTree })
                ThreadRanks.Run(TopologyTests.Parse(hosts), ranks => Assert.Equal(expected, SumOf(ranks, Count, Fraction)), order);
    }

    [Fact]
    public void Eight_slots_give_the_same_bits_on_one_two_four_and_eight_ranks()
    {
        const int Slots = 8, Count = Cell + 11;
        float[] expected = [.. Enumerable.Range(0, Count).Select(i => Tree(0, Slots, slot => Fraction(slot, i)))];
        for (int worldSize = 1; worldSize <= Slots; worldSize *= 2)
        {
            int perRank = Slots / worldSize;
            ThreadRanks.Run(worldSize, ranks => Assert.Equal(expected, SumOf(ranks, Count, (rank, i) => Tree(rank * perRank, perRank, slot => Fraction(slot, i)))), ReduceOrder.SlotTree);
        }
    }

    [Fact]
    public void Doubles_are_summed_and_a_lone_value_is_kept() => ThreadRanks.Run(3, ranks =>
    {
        double[] values = [ranks.Rank + 1, ranks.Rank == 1 ? Math.PI : 0];
        ranks.AllReduceSum(values);
        Assert.Equal([6, Math.PI], values);
    });

    [Fact]
    public void A_rank_that_makes_another_call_is_an_error_on_every_rank()
    {
        var failures = Assert.Throws<AggregateException>(() => ThreadRanks.Run(3, ranks =>
        {
            RankMemory a = ranks.Allocate("a", 10, onePerHost: false), b = ranks.Allocate("b", 10, onePerHost: false);
            ranks.ReduceScatter(ranks.Rank == 2 ? b : a, new(0, 10));
            ranks.AllReduceSum([1]);
        })).InnerExceptions;
        Assert.Equal(3, failures.OfType<DistributedException>().Count(e => e.Message.Contains("ranks 0 and 2 have made different collective calls", StringComparison.Ordinal)));
    }

    private static void SumAndGather(ICollectives ranks, int front, int count)
    {
        var memory = ranks.Allocate("gradients", front + count, onePerHost: false);
        for (int i = 0; i < memory.Count; i++) memory.Pointer[i] = (ranks.Rank + 1) * (i % 1009);
        int sum = ranks.WorldSize * (ranks.WorldSize + 1) / 2;
        var range = new FlatRange(front, count);
        ranks.ReduceScatter(memory, range);
        var shard = range.ShardOf(ranks.Rank, ranks.WorldSize);
        for (long i = shard.Begin; i < shard.End; i++) AssertSame(sum * (i % 1009), memory.Pointer[i]);
        ranks.AllGather(memory, range);
        for (int i = 0; i < front; i++) AssertSame((ranks.Rank + 1) * (i % 1009), memory.Pointer[i]);
        for (long i = range.Begin; i < range.End; i++) AssertSame(sum * (i % 1009), memory.Pointer[i]);
        ranks.Barrier();
    }

    private static float[] SumOf(ICollectives ranks, int count, Func<int, int, float> value)
    {
        var memory = ranks.Allocate("gradients", count, onePerHost: false);
        for (int i = 0; i < count; i++) memory.Pointer[i] = value(ranks.Rank, i);
        ranks.ReduceScatter(memory, new(0, count));
        ranks.AllGather(memory, new(0, count));
        return new ReadOnlySpan<float>(memory.Pointer, count).ToArray();
    }

    // Assert.Equal on millions of floats takes seconds.
    private static void AssertSame(float expected, float found)
    {
        if (expected != found) Assert.Equal(expected, found);
    }

    private static float Fraction(int leaf, int i) => MathF.Sin(leaf * 7919 + i) / 3;

    // The definition, written out once more: the largest power of two below n, and the rest.
    private static float Tree(int first, int count, Func<int, float> leaf)
    {
        if (count == 1) return leaf(first);
        int left = 1;
        while (left * 2 < count) left *= 2;
        return Tree(first, left, leaf) + Tree(first + left, count - left, leaf);
    }
}
