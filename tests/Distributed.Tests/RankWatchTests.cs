namespace SparkTrain.Distributed.Tests;

public sealed class RankWatchTests
{
    private static readonly CollectiveCall Reduction = new("reduction", "gradients", new(0, 107520)), Sum = new("sum", "", new(0, 6));

    [Fact]
    public void A_rank_that_stays_away_is_named_with_its_step_and_phase() => WatchedRanks.Run([0, 0, 0, 0], ranks =>
    {
        foreach (int rank in (int[])[0, 1, 2, 3]) ranks.Report(rank, 812, "backward");
        ranks.Report(2, 811, "data");
        ranks.Time.Advance(10);
        foreach (int rank in (int[])[0, 1, 3]) ranks.Enter(rank, Reduction);
        ranks.Time.Advance(299.9);
        ranks.Look(0, 1, 2, 3);
        Assert.Empty(ranks.Ends);
        ranks.Time.Advance(0.6);
        ranks.Look(0, 1, 2, 3);
        Assert.Equal((0, """
            rank 0, step 812, backward: it has waited 300.5 s in collective call 1, reduction of gradients [0..107520)
                rank 2: last seen in step 811, data, for 310.5 s, after collective call 0
                ranks 1, 3 of this host: in the same call.
              expected: every rank in this call within Distributed.TimeoutSeconds = 300
              do: find out what holds the missing ranks up, or raise Distributed.TimeoutSeconds where they only need longer; then run the same command again to go on from the last checkpoint
            """), Assert.Single(ranks.Ends));
    });

    [Fact]
    public void A_rank_that_waits_in_an_earlier_call_is_named_with_that_call() => WatchedRanks.Run([0, 0], ranks =>
    {
        ranks.Enter(0, Sum);
        ranks.Enter(1, Sum);
        ranks.Time.Advance(299);
        ranks.Leave(0);
        ranks.Report(0, 1, "update");
        ranks.Enter(0, Reduction);
        ranks.Time.Advance(2);
        ranks.Look(0, 1);
        var (rank, message) = Assert.Single(ranks.Ends);
        Assert.Equal(1, rank);
        Assert.Contains("it has waited 301 s in collective call 1, sum\n    rank 0: last seen in step 1, update, collective call 2, reduction of gradients [0..107520), for 2 s.", message, StringComparison.Ordinal);
    });

    [Fact]
    public void Ranks_of_other_hosts_are_said_to_be_unseen() => WatchedRanks.Run([0, 1, 0, 1, 1], ranks =>
    {
        ranks.Enter(2, Reduction);
        ranks.Enter(0, Reduction);
        ranks.Time.Advance(301);
        ranks.Look(2, 0);
        var (rank, message) = Assert.Single(ranks.Ends);
        Assert.Equal(0, rank);
        Assert.Contains("    rank 2 of this host: in the same call\n    ranks 1, 3-4: on other hosts, not seen from here.", message, StringComparison.Ordinal);
    });

    [Fact]
    public void A_stopped_process_is_named_also_where_it_waits_in_the_call_and_leaves_the_word_to_the_next_rank() => WatchedRanks.Run([0, 0, 0], ranks =>
    {
        foreach (int rank in (int[])[0, 1, 2]) ranks.Enter(rank, Sum);
        ranks.States[0] = ProcessState.Stopped;
        ranks.Time.Advance(300);
        ranks.Look(2, 1);
        var (speaker, message) = Assert.Single(ranks.Ends);
        Assert.Equal(1, speaker);
        Assert.Contains("rank 0: its process 4000 is stopped; last seen in step 0, start, collective call 1, sum, for 300 s", message, StringComparison.Ordinal);
    });

    [Fact]
    public void The_next_rank_speaks_where_the_first_says_nothing() => WatchedRanks.Run([0, 0, 0], ranks =>
    {
        ranks.Enter(0, Sum);
        ranks.Enter(1, Sum);
        ranks.Time.Advance(300);
        ranks.Look(1);
        Assert.Empty(ranks.Ends);
        ranks.Time.Advance(3);
        ranks.Look(1);
        Assert.Equal(1, Assert.Single(ranks.Ends).Rank);
    });

    [Fact]
    public void A_process_that_is_gone_is_named_with_its_step_and_call() => WatchedRanks.Run([0, 0, 0], ranks =>
    {
        ranks.Report(1, 7, "validation");
        ranks.Enter(1, Reduction);
        ranks.Time.Advance(2);
        ranks.States[1] = ProcessState.Gone;
        ranks.Look(2, 0);
        var (speaker, message) = Assert.Single(ranks.Ends);
        Assert.Equal(0, speaker);
        Assert.StartsWith("rank 1: its process 4001 is gone; it was last seen in step 7, validation, collective call 1, reduction of gradients [0..107520), for 2 s.\n  expected: ", message, StringComparison.Ordinal);
    });

    [Fact]
    public void A_rank_that_left_in_good_order_is_not_missed() => WatchedRanks.Run([0, 0], ranks =>
    {
        ranks[1].Dispose();
        ranks.States[1] = ProcessState.Gone;
        ranks.Look(0);
        Assert.Empty(ranks.Ends);
    });

    [Fact]
    public void Processes_that_go_while_a_rank_ends_the_job_are_not_reported() => WatchedRanks.Run([0, 0, 0], ranks =>
    {
        ranks[2].EndJob();
        ranks.States[1] = ProcessState.Gone;
        ranks.Look(0);
        Assert.Empty(ranks.Ends);
    });

    [Fact]
    public void Different_calls_end_the_job_at_once_and_both_are_named() => WatchedRanks.Run([0, 0, 0], ranks =>
    {
        foreach (int rank in (int[])[0, 1, 2])
        {
            ranks.Report(rank, 5, "backward");
            ranks.Enter(rank, Sum);
            ranks.Leave(rank);
        }
        ranks.Enter(1, Reduction);
        ranks.Look(0, 1, 2);
        Assert.Empty(ranks.Ends);
        ranks.Report(2, 5, "validation");
        ranks.Enter(2, Sum);
        ranks.Look(1, 2);
        var (speaker, message) = Assert.Single(ranks.Ends);
        Assert.Equal(1, speaker);
        Assert.StartsWith("ranks 1 and 2: collective call 2 is not the same on both: rank 1 is in step 5, backward, collective call 2, reduction of gradients [0..107520), for 0 s, "
            + "rank 2 in step 5, validation, collective call 2, sum, for 0 s.", message, StringComparison.Ordinal);
    });

    [Fact]
    public void A_rank_that_computes_for_long_is_no_failure_of_its_own() => WatchedRanks.Run([0, 0], ranks =>
    {
        ranks.Report(0, 1, "forward");
        ranks.Time.Advance(100_000);
        ranks.Look(0, 1);
        Assert.Empty(ranks.Ends);
    });

    [Fact]
    public void The_job_is_ended_once() => WatchedRanks.Run([0], ranks =>
    {
        ranks.Enter(0, Sum);
        ranks.Time.Advance(301);
        ranks.Look(0, 0);
        Assert.Single(ranks.Ends);
    });

    [Fact]
    public void Current_tells_step_phase_and_call() => WatchedRanks.Run([0, 0], ranks =>
    {
        Assert.Equal(new RankStatus(0, "", null, TimeSpan.Zero), ranks[1].Current);
        ranks.Report(1, 3, "Rückwärts");
        ranks.Enter(1, Reduction);
        ranks.Time.Advance(2.5);
        Assert.Equal(new RankStatus(3, "Rückwärts", "reduction of gradients [0..107520)", TimeSpan.FromSeconds(2.5)), ranks[1].Current);
        ranks.Leave(1);
        Assert.Equal(new RankStatus(3, "Rückwärts", null, TimeSpan.Zero), ranks[1].Current);
    });

    [Fact]
    public void Texts_that_are_too_long_are_cut_between_letters() => WatchedRanks.Run([0], ranks =>
    {
        ranks.Report(0, 1, "x" + new string('ü', 200));
        Assert.Equal("x" + new string('ü', 63), ranks[0].Current.Phase);
    });

    [Fact]
    public void Telling_the_watch_allocates_nothing() => WatchedRanks.Run([0], ranks =>
    {
        IRankWatch watch = ranks[0];
        var history = new CallHistory();
        watch.Enter(Reduction, history);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            watch.Report(i, "backward");
            history.Add(Reduction);
            watch.Enter(Reduction, history);
            watch.Leave();
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    });

    [Fact]
    public void The_watch_sees_the_calls_of_collectives_while_they_wait()
    {
        var watches = new RankWatch[2];
        var ends = new List<string>();
        ThreadRanks.RunTransports(new([0, 0]), transport =>
        {
            using var watch = watches[transport.Rank] = new RankWatch(transport, TimeSpan.FromMilliseconds(50), e => { lock (ends) ends.Add(e.Message); });
            var ranks = new RankCollectives(transport, ReduceOrder.Fast, watch);
            watch.Start();
            ranks.Report(4, "forward");
            ranks.Barrier();
            // Rank 1 comes to the second barrier only when the watch of rank 0 has complained that it does not.
            if (transport.Rank == 1) Patience.Until(() => { lock (ends) return ends.Count > 0; }, "the watch of rank 0 to complain");
            ranks.Barrier();
        });
        Assert.Contains("in collective call 2, barrier\n    rank 1: last seen in step 4, forward, for", ends[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Ranks_are_named_in_ranges() =>
        Assert.Equal(("rank 3", "ranks 0, 2-4, 7"), (RankWords.Named([3]), RankWords.Named([0, 2, 3, 4, 7])));
}
