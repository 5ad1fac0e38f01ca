namespace SparkTrain.Distributed.Tests;

public sealed class AgreementTests
{
    private static (int ExitCode, string Message) Describe(Exception e) => (e is FormatException ? 3 : 1, e.Message);

    [Fact]
    public void A_failure_of_one_rank_is_thrown_by_all() => ThreadRanks.Run(3, ranks =>
    {
        var e = Assert.Throws<RankFailureException>(() => ranks.Agree(() => { if (ranks.Rank == 1) throw new FormatException("α: ungültig"); }, Describe));
        Assert.Equal(new RankFailure(1, 3, "α: ungültig"), e.Failure);
        Assert.Equal(ranks.Rank == 1, e.InnerException is FormatException);
        ranks.Barrier();
    });

    [Fact]
    public void Where_several_fail_the_lowest_rank_speaks() => ThreadRanks.Run(4, ranks =>
    {
        var e = Assert.Throws<RankFailureException>(() => ranks.Agree(() => { if (ranks.Rank > 1) throw new FormatException($"{ranks.Rank}"); }, Describe));
        Assert.Equal(new RankFailure(2, 3, "2"), e.Failure);
    });

    [Fact]
    public void Results_are_those_of_each_rank() => ThreadRanks.Run(2, ranks => Assert.Equal(ranks.Rank, ranks.Agree(() => ranks.Rank, Describe)));

    [Fact]
    public void A_result_is_disposed_where_another_rank_failed() => ThreadRanks.Run(2, ranks =>
    {
        var opened = new StringReader("text");
        Assert.Throws<RankFailureException>(() => ranks.Agree(() => ranks.Rank == 0 ? opened : throw new FormatException(), Describe));
        if (ranks.Rank == 0) Assert.Throws<ObjectDisposedException>(() => opened.Read());
    });

    [Fact]
    public void What_the_ranks_have_agreed_on_is_not_agreed_on_again() => ThreadRanks.Run(2, ranks =>
    {
        var e = Assert.Throws<RankFailureException>(() => ranks.Agree(() => ranks.Agree(() => { if (ranks.Rank == 1) throw new FormatException(); }, Describe), Describe));
        Assert.Equal(1, e.Failure.Rank);
    });

    [Fact]
    public void A_single_process_throws_what_the_action_threw() =>
        Assert.Throws<FormatException>(() => new SingleProcess().Agree(() => throw new FormatException(), Describe));

    [Fact]
    public void The_first_failure_is_told_to_all() => ThreadRanks.Run(3, ranks =>
    {
        Assert.Null(ranks.FirstFailure(null));
        Assert.Equal("", ranks.FirstFailure(ranks.Rank == 0 ? "" : null));
        Assert.Equal("rank 1", ranks.FirstFailure(ranks.Rank > 0 ? $"rank {ranks.Rank}" : null));
    });

    [Fact]
    public void A_number_that_differs_names_its_rank() => ThreadRanks.Run(3, ranks =>
    {
        Assert.Null(ranks.FirstUnlike((1L << 53) - 1));
        Assert.Equal(2, ranks.FirstUnlike(ranks.Rank == 2 ? 0 : 5));
    });
}
