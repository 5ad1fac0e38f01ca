using SparkTrain.Launcher.Supervision;

namespace SparkTrain.Launcher.Tests.Supervision;

public sealed class RestartPolicyTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(0, true, false)]
    [InlineData(2, true, false)]
    [InlineData(3, true, false)]
    [InlineData(4, true, false)]
    [InlineData(16, true, false)]
    [InlineData(75, true, false)]
    [InlineData(5, false, false)]
    [InlineData(5, true, true)]
    [InlineData(1, false, true)]
    [InlineData(1, true, true)]
    [InlineData(137, false, true)]
    [InlineData(137, true, true)]
    [InlineData(134, true, true)]
    [InlineData(205, true, true)]
    [InlineData(9, true, true)]
    public void An_exit_code_is_final_or_not(int launcherCode, bool hasStepped, bool isRestarted) =>
        Assert.Equal(isRestarted, new RestartPolicy(3).After(End(EndCause.Ended, launcherCode, hasStepped), madeCheckpoint: false).Delay is not null);

    [Fact]
    public void A_rank_lost_before_the_first_step_is_no_reason_to_give_up()
    {
        var lost = End(EndCause.Ended, 137, hasStepped: false) with { Ranks = [Seen(0) with { Gone = Second }] };
        Assert.NotNull(new RestartPolicy(3).After(lost, madeCheckpoint: false).Delay);
    }

    [Fact]
    public void A_job_that_has_trained_and_cannot_be_started_is_given_time()
    {
        var nobody = new JobEnd(EndCause.Ended, 1, [new(0, null, Second, Second, null)], HasStepped: false);
        var policy = new RestartPolicy(3);
        Assert.Null(policy.After(nobody, madeCheckpoint: false).Delay);
        (var delay, policy) = policy.After(End(EndCause.LauncherHung, 137, hasStepped: true), madeCheckpoint: true);
        Assert.Equal(Second, delay);
        (delay, policy) = policy.After(nobody, madeCheckpoint: false);
        Assert.Equal(60 * Second, delay);
        (delay, policy) = policy.After(nobody, madeCheckpoint: false);
        Assert.Equal(60 * Second, delay);
        Assert.Null(policy.After(nobody, madeCheckpoint: false).Delay);
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(1, 5)]
    [InlineData(2, 137)]
    [InlineData(3, 137)]
    public void What_the_user_has_asked_for_is_final(int cause, int launcherCode)
    {
        var asked = ((EndCause[])[EndCause.Asked, EndCause.AskedEarly, EndCause.AskedAndKilled, EndCause.Asked])[cause];
        Assert.Null(new RestartPolicy(3).After(End(asked, launcherCode, hasStepped: true), madeCheckpoint: true).Delay);
    }

    [Theory]
    [InlineData(nameof(EndCause.Stalled))]
    [InlineData(nameof(EndCause.LauncherHung))]
    public void A_job_that_hung_is_started_again(string cause) =>
        Assert.Equal(Second, new RestartPolicy(3).After(End(Enum.Parse<EndCause>(cause), 137, hasStepped: false), madeCheckpoint: false).Delay);

    [Fact]
    public void Delays_double_up_to_a_minute_and_failures_in_a_row_are_limited()
    {
        var policy = new RestartPolicy(8);
        List<double?> delays = [];
        for (int i = 0; i < 9; i++)
        {
            (var delay, policy) = policy.After(End(EndCause.Ended, 137, hasStepped: true), madeCheckpoint: false);
            delays.Add(delay?.TotalSeconds);
        }
        Assert.Equal([1, 2, 4, 8, 16, 32, 60, 60, null], delays);
    }

    [Fact]
    public void A_new_checkpoint_begins_the_count_anew()
    {
        var policy = new RestartPolicy(1);
        for (int i = 0; i < 10; i++)
        {
            (var delay, policy) = policy.After(End(EndCause.Ended, 137, hasStepped: true), madeCheckpoint: true);
            Assert.Equal(Second, delay);
        }
        Assert.Null(policy.After(End(EndCause.Ended, 137, hasStepped: true), madeCheckpoint: false).Delay);
    }

    [Fact]
    public void Without_supervision_nothing_is_started_again() => Assert.Null(new RestartPolicy(0).After(End(EndCause.Ended, 137, hasStepped: true), madeCheckpoint: true).Delay);

    private static JobEnd End(EndCause cause, int launcherCode, bool hasStepped) => new(cause, launcherCode, [Seen(0), Seen(1)], hasStepped, 15);

    private static RankSeen Seen(int rank) => new(rank, new(rank, 4711 + rank, "node", new(7, "backward", null, default)), default, default, null);
}
