using System.Globalization;
using SparkTrain.Distributed;

namespace SparkTrain.MpiProgram;

/// <summary>Joining, leaving and ending a job.</summary>
internal static unsafe class JobChecks
{
    /// <summary>Says where this rank is.</summary>
    public static void Join(LauncherEnvironment launcher)
    {
        using var world = MpiWorld.Join(launcher);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"joined {world.Rank} of {world.WorldSize}, {world.LocalRank} of {world.LocalSize} here, by {world.Library}"));
    }

    /// <summary>The last rank reduces other memory than the rest: the next control sum must say so on every rank.</summary>
    public static void Sequence(LauncherEnvironment launcher)
    {
        using var world = MpiWorld.Join(launcher);
        using var ranks = new RankCollectives(world.OpenTransport(1 << 20), ReduceOrder.Ordered, watch: null);
        RankMemory a = ranks.Allocate("a", 100, onePerHost: false), b = ranks.Allocate("b", 100, onePerHost: false);
        ranks.AllReduceSum([1.0]);
        ranks.ReduceScatter(world.Rank == world.WorldSize - 1 ? b : a, new(0, 100));
        ranks.AllReduceSum([1.0]);
    }

    /// <summary>Asks for more shared memory than there is: ranks must exchange messages instead, and rank 0 must say so.</summary>
    public static void WithoutRoom(LauncherEnvironment launcher)
    {
        using var world = MpiWorld.Join(launcher);
        using var ranks = new RankCollectives(world.OpenTransport(1L << 50), ReduceOrder.Ordered, watch: null);
        Check.Equal(world.WorldSize, ranks.Hosts, "hosts");
        Check.Equal(world.Rank == 0 ? 1 : 0, world.Warnings.Count, "warnings");
        foreach (string warning in world.Warnings) Console.WriteLine(warning);
        CollectivesChecks.Reduce(ranks, ordered: true);
    }

    /// <summary>A thread of the last rank ends the job while all ranks wait for something that never comes.</summary>
    public static void Abort(LauncherEnvironment launcher, int exitCode)
    {
        using var world = MpiWorld.Join(launcher);
        using var transport = world.OpenTransport(0);
        transport.Barrier();
        if (world.Rank == world.WorldSize - 1)
            new Thread(() =>
            {
                Thread.Sleep(200);
                world.Abort(exitCode);
            }).Start();
        if (world.Rank == 0) Thread.Sleep(Timeout.Infinite);
        transport.Barrier();
    }
}
