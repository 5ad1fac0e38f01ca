using SparkTrain.Distributed;
using SparkTrain.Distributed.Mpi;

namespace SparkTrain.Bench;

/// <summary>This process among the ranks of a benchmark.</summary>
internal sealed unsafe class BenchRank : IDisposable
{
    private const int MeetingTag = 1;

    // Waiting must not take the cores from those who are measured.
    private static readonly TimeSpan Nap = TimeSpan.FromMilliseconds(2);

    private readonly MpiEnvironment? mpi;
    private readonly Intracommunicator? meetings;

    private BenchRank(MpiEnvironment? mpi)
    {
        this.mpi = mpi;
        meetings = mpi?.World.Clone();
        Ranks = mpi is null ? new SingleProcess() : Open(mpi.World.Clone());
    }

    /// <summary>Joins the job that this process was started for, or stands alone.</summary>
    public static BenchRank Join() =>
        new(LauncherEnvironment.Detect(Environment.GetEnvironmentVariable) is { WorldSize: > 1 } launcher ? new(MpiLibrarySearch.Load(launcher)) : null);

    /// <summary>What the ranks do together.</summary>
    public ICollectives Ranks { get; }

    /// <summary>The message library's own collectives.</summary>
    public Intracommunicator World => mpi!.World;

    /// <summary>Returns when all ranks are here; who waits sleeps.</summary>
    public void Meet()
    {
        if (meetings is null) return;
        byte here = 1, gone = 0;
        if (meetings.Rank > 0) meetings.Send(here, 0, MeetingTag);
        else
            for (int rank = 1; rank < meetings.Size; rank++) Await(meetings.ImmediateReceive(rank, MeetingTag, &here, 1));
        if (meetings.Rank > 0) Await(meetings.ImmediateReceive(0, MeetingTag, &gone, 1));
        else
            for (int rank = 1; rank < meetings.Size; rank++) meetings.Send(gone, rank, MeetingTag);
    }

    /// <summary>Returns each rank's number, to all ranks.</summary>
    public double[] Gather(double mine)
    {
        var all = new double[Ranks.WorldSize];
        all[Ranks.Rank] = mine;
        Ranks.AllReduceSum(all);
        return all;
    }

    /// <summary>Prints what went wrong here and ends all ranks, before anything is disposed of: that would wait for them.</summary>
    public bool EndJob(Exception e)
    {
        Console.Error.WriteLine($"[rank {Ranks.Rank}] {e}");
        mpi?.Abort(1);
        return true;
    }

    public void Dispose()
    {
        Ranks.Dispose();
        meetings?.Dispose();
        mpi?.Dispose();
    }

    private static RankCollectives Open(Intracommunicator world) => new(new MpiTransport(world, world.SplitShared(), 0, []), ReduceOrder.Fast, watch: null);

    private static void Await(Request request)
    {
        while (request.Test() is null) Thread.Sleep(Nap);
    }
}
