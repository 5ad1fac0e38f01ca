using System.Globalization;
using SparkTrain.Distributed;
using SparkTrain.Distributed.Mpi;

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

        // Announced as less than what is asked for then, it is an error instead of a crash at the first touch.
        using var transport = world.OpenTransport(0);
        Check.Throws<DistributedException>(() => transport.AllocateShared(1L << 50));
        Check.Equal(world.LocalSize, transport.AllocateShared(100).Length, "parts");
    }

    /// <summary>Messages of another length than expected are errors, and those of the right length go both ways at once.</summary>
    public static void Messages(LauncherEnvironment launcher)
    {
        using var world = MpiWorld.Join(launcher);
        using var transport = world.OpenTransport(0);
        float* memory = stackalloc float[20];
        int next = (world.Rank + 1) % world.WorldSize, previous = (world.Rank + world.WorldSize - 1) % world.WorldSize;
        for (int i = 0; i < 10; i++) memory[i] = 100 * world.Rank + i;
        // Two messages between the same ranks keep their order.
        transport.Exchange([new(next, (nint)memory, 3), new(next, (nint)(memory + 3), 7)], [new(previous, (nint)(memory + 10), 3), new(previous, (nint)(memory + 13), 7)]);
        for (int i = 0; i < 10; i++) Check.Equal(100 * previous + i, memory[10 + i], "float");
        Check.Throws<DistributedException>(() => transport.Exchange([new(next, (nint)memory, 3)], [new(previous, (nint)(memory + 10), 4)]));
        transport.Barrier();
        Check.Throws<MpiException>(() => transport.Exchange([new(next, (nint)memory, 4)], [new(previous, (nint)(memory + 10), 3)]));
        Check.Throws<MpiException>(() => transport.Exchange([new(world.WorldSize, (nint)memory, 1)], []));
        transport.Barrier();
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
