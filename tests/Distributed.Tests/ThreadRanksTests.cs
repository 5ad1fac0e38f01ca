namespace SparkTrain.Distributed.Tests;

public sealed unsafe class ThreadRanksTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Every_rank_gets_the_sum_over_ranks(int ranks) => ThreadRanks.Run(ranks, world =>
    {
        float[] floats = [.. Enumerable.Range(0, 7).Select(i => (float)(i + 100 * world.Rank))];
        fixed (float* p = floats) world.AllReduceSum(p, floats.Length);
        double[] doubles = [world.Rank + 1];
        world.AllReduceSum(doubles);
        world.Barrier();
        int ranksBelow = ranks * (ranks - 1) / 2;
        Assert.Equal(Enumerable.Range(0, 7).Select(i => (float)(i * ranks + 100 * ranksBelow)), floats);
        Assert.Equal(ranksBelow + ranks, doubles[0]);
    });

    [Fact]
    public void Sums_are_added_in_rank_order() => ThreadRanks.Run(3, world =>
    {
        // 1e8f + 1f is 1e8f: only the order (1e8 + 1) − 1e8 gives 0.
        float[] x = [new[] { 1e8f, 1f, -1e8f }[world.Rank]];
        fixed (float* p = x) world.AllReduceSum(p, 1);
        Assert.Equal(0f, x[0]);
    });

    [Fact]
    public void A_rank_that_fails_releases_the_others()
    {
        var e = Assert.Throws<AggregateException>(() => ThreadRanks.Run(2, world =>
        {
            if (world.Rank == 1) throw new InvalidOperationException("rank 1");
            world.Barrier();
        }));
        Assert.Equal("rank 1", e.InnerExceptions.Single().Message);
    }

    [Fact]
    public void A_single_process_changes_nothing()
    {
        var world = new SingleProcess();
        double[] x = [3];
        world.AllReduceSum(x);
        Assert.Equal((0, 1, 3.0), (world.Rank, world.WorldSize, x[0]));
    }
}
