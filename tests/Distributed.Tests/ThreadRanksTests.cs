namespace SparkTrain.Distributed.Tests;

public sealed unsafe class ThreadRanksTests
{
    [Fact]
    public void Ranks_know_their_place() => ThreadRanks.Run(new Topology([0, 1, 1]), ranks =>
    {
        Assert.Equal((3, 2), (ranks.WorldSize, ranks.Hosts));
        Assert.Equal(ranks.Rank == 0 ? [0] : [1, 2], ranks.HostRanks);
    });

    [Fact]
    public void A_rank_that_fails_releases_the_others()
    {
        var e = Assert.Throws<AggregateException>(() => ThreadRanks.Run(2, ranks =>
        {
            if (ranks.Rank == 1) throw new InvalidOperationException("rank 1");
            ranks.Barrier();
        }));
        Assert.Equal("rank 1", e.InnerExceptions.Single().Message);
    }

    [Fact]
    public void A_single_process_changes_nothing()
    {
        using var alone = new SingleProcess();
        Assert.Equal((0, 1, 1), (alone.Rank, alone.WorldSize, alone.Hosts));
        var memory = alone.Allocate("gradients", 5, onePerHost: true);
        for (int i = 0; i < 5; i++) Assert.Equal(0, memory.Pointer[i]);
        memory.Pointer[4] = 7;
        double[] x = [3];
        alone.ReduceScatter(memory, new(0, 5));
        alone.AllGather(memory, new(0, 5));
        alone.AllReduceSum(x);
        alone.Barrier();
        Assert.Equal((3.0, 7f), (x[0], memory.Pointer[4]));
    }
}
