using SparkTrain.Launcher.Supervision;

namespace SparkTrain.Launcher.Tests.Supervision;

public sealed class JobEndTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(330);

    [Theory]
    // What ranks have said (- nothing, ? never heard), mpiexec's exit code, the job's.
    [InlineData("0 0", 0, 0)]
    [InlineData("75 75", 75, 75)]
    [InlineData("75 -", 137, 75)]
    [InlineData("2 16", 18, 16)]
    [InlineData("0 16", 16, 16)]
    [InlineData("- -", 16, 16)]
    [InlineData("- -", 137, 5)]
    [InlineData("- -", 9, 5)]
    [InlineData("- -", 205, 5)]
    [InlineData("? ?", 1, 5)]
    [InlineData("- ?", 1, 1)]
    public void Ranks_know_their_exit_code_better_than_mpiexec(string said, int launcherCode, int code) => Assert.Equal(code, End(said, launcherCode).Code);

    [Fact]
    public void A_stop_that_was_asked_for_says_whether_all_was_saved()
    {
        Assert.Equal(75, (End("? -", 137) with { Cause = EndCause.AskedEarly }).Code);
        Assert.Equal(143, (End("- -", 137) with { Cause = EndCause.AskedAndKilled, Signal = 15 }).Code);
        Assert.Null(JobReport.Of(End("75 75", 75) with { Cause = EndCause.Asked }, Limit));
    }

    [Theory]
    [InlineData("0 0", 0)]
    [InlineData("- 2", 137)]
    [InlineData("- 5", 5)]
    [InlineData("- -", 16)]
    public void What_ranks_have_said_is_not_said_again(string said, int launcherCode) => Assert.Null(JobReport.Of(End(said, launcherCode), Limit));

    [Fact]
    public void The_rank_that_was_lost_first_is_named()
    {
        var end = End("- -", 137) with { Ranks = [Rank(0, null, goneSeconds: 1), Rank(1, null, goneSeconds: 3, phase: "loading")] };
        Assert.Equal("""
            job of 2 ranks: rank 1 (process 4712 on node7) was lost first, ended by signal 9
                rank 0 (process 4711 on node7): step 7, backward, in sum for 2.5 s (3.0 s before that)
                rank 1 (process 4712 on node7): step 7, loading, in sum for 2.5 s (1.0 s before that).
              expected: every rank at work until the run ends
              do: find out what ended it (`dmesg` names processes that the system ended for want of memory); the same command goes on from the last complete checkpoint
            """, JobReport.Of(end, Limit));
    }

    [Fact]
    public void Many_ranks_in_one_place_are_one_line()
    {
        var ranks = Enumerable.Range(0, 1000).Select(i => i == 500 ? Rank(i, null) with { Last = null } : Rank(i, null)).ToList();
        string report = JobReport.Of(new(EndCause.Stalled, 137, ranks, HasStepped: true), Limit)!;
        Assert.Contains("job of 1000 ranks: no rank has gone on for 330 s, and no rank has ended the job\n    ranks 0-499, 501-999: step 7, backward, in sum for 2.5 s\n    rank 500: never heard of.\n", report, StringComparison.Ordinal);
    }

    private static JobEnd End(string said, int launcherCode) =>
        new(EndCause.Ended, launcherCode, [.. said.Split(' ').Select((word, rank) => word == "?" ? Rank(rank, null) with { Last = null } : Rank(rank, word == "-" ? null : int.Parse(word, System.Globalization.CultureInfo.InvariantCulture), goneSeconds: rank))], HasStepped: true);

    private static RankSeen Rank(int rank, int? leaving, int? goneSeconds = null, string phase = "backward") => new(rank, new(rank, 4711 + rank, "node7", new(7, phase, "sum", TimeSpan.FromSeconds(2.5)), leaving),
        TimeSpan.FromSeconds(goneSeconds is null ? 0 : 4), default, goneSeconds is { } gone ? TimeSpan.FromSeconds(gone) : null);
}
