using SparkTrain.Launcher.Supervision;

namespace SparkTrain.Launcher.Tests.Supervision;

public sealed class StallTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Theory]
    // For each rank: seconds silent, seconds unchanged, seconds in a call when last heard (- none).
    [InlineData("0,20,- 0,20,-", false)]
    [InlineData("0,20,20 0,20,-", true)]
    [InlineData("0,20,20 0,2,-", false)]
    [InlineData("20,20,- 20,20,-", true)]
    [InlineData("20,20,- 0,1,0", false)]
    [InlineData("6,20,6 0,20,6", true)]
    [InlineData("0,5,5 0,5,5", false)]
    public void A_job_stalls_when_nobody_goes_on_and_somebody_waits_or_is_silent(string ranks, bool stalls) => Assert.Equal(stalls, Stall.IsIn(Ranks(ranks), Limit));

    [Fact]
    public void Ranks_that_were_never_heard_stall_a_job() =>
        Assert.True(Stall.IsIn([new(0, null, Seconds(20), Seconds(20), null), new(1, null, Seconds(20), Seconds(20), null)], Limit));

    [Fact]
    public void A_job_is_deserted_when_all_its_ranks_are_gone_or_cut_off()
    {
        RankSeen gone = Ranks("20,20,-")[0] with { Gone = Seconds(20) }, cutOff = Ranks("20,20,-")[0], here = Ranks("0,1,-")[0], justGone = here with { Gone = Seconds(1) };
        Assert.True(Stall.IsDeserted([gone, gone], Limit));
        Assert.True(Stall.IsDeserted([gone, cutOff], Limit));
        Assert.False(Stall.IsDeserted([gone, here], Limit));
        Assert.False(Stall.IsDeserted([gone, justGone], Limit));
        Assert.False(Stall.IsDeserted([cutOff, cutOff], Limit));
        Assert.False(Stall.IsDeserted([gone, new(1, null, Seconds(20), Seconds(20), null)], Limit));
    }

    [Fact]
    public void A_call_of_the_same_name_that_began_anew_is_progress()
    {
        var time = new SteppingTime(Seconds(1));
        var roster = new RankRoster(1, time);
        foreach (double inCall in (double[])[3, 4, 5]) roster.Hear(Beat(inCall), this);
        Assert.Equal(Seconds(3), roster.Look()[0].Unchanged);
        roster.Hear(Beat(0.5), this);
        Assert.Equal(Seconds(1), roster.Look()[0].Unchanged);
    }

    private static Heartbeat Beat(double inCall) => new(0, 1, "n", new(7, "backward", "sum", Seconds(inCall)));

    private static RankSeen[] Ranks(string ranks) => [.. ranks.Split(' ').Select((rank, i) => rank.Split(',') is [var silent, var unchanged, var call]
        ? new RankSeen(i, new(i, 1, "n", new(7, "backward", call == "-" ? null : "sum", call == "-" ? default : Seconds(Number(call)))), Seconds(Number(silent)), Seconds(Number(unchanged)), null)
        : throw new FormatException(rank))];

    private static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static TimeSpan Seconds(double value) => TimeSpan.FromSeconds(value);
}
