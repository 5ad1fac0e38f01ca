using System.Collections.Concurrent;

namespace SparkTrain.Inference.Tests;

/// <summary>Threads that run one job together.</summary>
public sealed class WorkerTeamTests
{
    public static TheoryData<int> Sizes => [1, 2, 3, 5];

    [Theory, MemberData(nameof(Sizes))]
    public void Every_thread_runs_every_job_once(int size)
    {
        using var team = new WorkerTeam(size);
        int[] runs = new int[size];
        var threads = new ConcurrentDictionary<int, int>();
        for (int job = 0; job < 50; job++)
            team.Run(thread =>
            {
                runs[thread]++;
                Assert.Equal(Environment.CurrentManagedThreadId, threads.GetOrAdd(thread, _ => Environment.CurrentManagedThreadId));
            });
        Assert.All(runs, n => Assert.Equal(50, n));
        Assert.Equal(size, threads.Values.Distinct().Count());
    }

    [Theory, MemberData(nameof(Sizes))]
    public void What_is_written_before_a_barrier_is_seen_behind_it(int size)
    {
        using var team = new WorkerTeam(size);
        int[] written = new int[size];
        team.Run(thread =>
        {
            for (int round = 1; round <= 100; round++)
            {
                written[thread] = round;
                team.Meet();
                foreach (int n in written) Assert.Equal(round, n);
                team.Meet();
            }
        });
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Shares_cover_everything_once_in_order(int size)
    {
        using var team = new WorkerTeam(size);
        foreach (int count in (int[])[0, 1, 2, 7, 8, 1000, 1 << 30])
        {
            int next = 0;
            for (int thread = 0; thread < size; thread++)
            {
                var (first, end) = team.Share(thread, count);
                Assert.Equal(next, first);
                Assert.InRange(end - first, count / size, count / size + 1);
                next = end;
            }
            Assert.Equal(count, next);
        }
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Claims_cover_everything_once_and_begin_anew_when_the_team_has_met(int size)
    {
        using var team = new WorkerTeam(size);
        foreach (int count in (int[])[0, 1, 2, 7, 1000])
        {
            int[] claims = new int[count];
            team.Run(thread =>
            {
                for (int round = 0; round < 10; round++)
                {
                    while (team.Claim(count, out int first, out int end))
                        for (int item = first; item < end; item++) Interlocked.Increment(ref claims[item]);
                    team.Meet();
                }
            });
            Assert.All(claims, n => Assert.Equal(10, n));
        }
    }

    [Fact]
    public void A_thread_that_is_held_up_leaves_its_work_to_the_others()
    {
        using var team = new WorkerTeam(2);
        using ManualResetEventSlim begun = new(), done = new();
        int others = 0;
        team.Run(thread =>
        {
            if (thread == 0)
            {
                Assert.True(team.Claim(100, out int first, out int end));
                begun.Set();
                Assert.True(done.Wait(TimeSpan.FromSeconds(30)));
                Assert.Equal(100 - (end - first), others);
                Assert.False(team.Claim(100, out _, out _));
            }
            else
            {
                Assert.True(begun.Wait(TimeSpan.FromSeconds(30)));
                while (team.Claim(100, out int first, out int end)) others += end - first;
                done.Set();
            }
        });
    }

    [Theory, MemberData(nameof(Sizes))]
    public void An_exception_of_any_thread_comes_out_and_the_team_goes_on(int size)
    {
        using var team = new WorkerTeam(size);
        for (int failing = 0; failing < size; failing++)
            for (int place = 0; place < 3; place++)
            {
                var thrown = Assert.Throws<InvalidTimeZoneException>(() => team.Run(thread =>
                {
                    for (int step = 0; step < 3; step++)
                    {
                        if (thread == failing && step == place) throw new InvalidTimeZoneException($"{thread}");
                        team.Meet();
                    }
                }));
                Assert.Equal($"{failing}", thrown.Message);
                int[] rounds = new int[size];
                team.Run(thread =>
                {
                    for (int round = 0; round < 5; round++)
                    {
                        rounds[thread]++;
                        team.Meet();
                        foreach (int n in rounds) Assert.Equal(round + 1, n);
                        team.Meet();
                    }
                });
            }
    }

    [Fact]
    public void Sleeping_threads_wake_up()
    {
        using var team = new WorkerTeam(3);
        int[] runs = new int[3];
        var threads = new Thread[3];
        for (int job = 0; job < 4; job++)
        {
            team.Run(thread => (threads[thread], runs[thread]) = (Thread.CurrentThread, runs[thread] + 1));
            Patience.Until(() => threads.Skip(1).All(thread => thread.ThreadState.HasFlag(ThreadState.WaitSleepJoin)));
        }
        Assert.All(runs, n => Assert.Equal(4, n));
    }

    [Fact]
    public void A_disposed_team_has_no_threads_and_runs_nothing()
    {
        var team = new WorkerTeam(3);
        var threads = new ConcurrentBag<Thread>();
        team.Run(thread =>
        {
            if (thread > 0) threads.Add(Thread.CurrentThread);
        });
        team.Dispose();
        team.Dispose();
        Assert.Equal(2, threads.Count);
        Assert.All(threads, thread => Assert.False(thread.IsAlive));
        Assert.Throws<ObjectDisposedException>(() => team.Run(_ => { }));
    }

    [Fact]
    public void Callers_of_several_threads_take_turns()
    {
        using var team = new WorkerTeam(2);
        int inside = 0, jobs = 0;
        Parallel.For(0, 100, new ParallelOptions { MaxDegreeOfParallelism = 4 }, _ => team.Run(thread =>
        {
            if (thread == 0)
            {
                Assert.Equal(1, Interlocked.Increment(ref inside));
                jobs++;
            }
            team.Meet();
            if (thread == 0) Interlocked.Decrement(ref inside);
        }));
        Assert.Equal(100, jobs);
    }
}
