using System.Runtime.InteropServices;
using SparkTrain.Distributed.Mpi;

namespace SparkTrain.Distributed;

/// <summary>This process's membership of an MPI job.</summary>
public sealed partial class MpiWorld : IDisposable
{
    // An MPI_Abort that cannot reach the launcher may hang.
    private static readonly TimeSpan PatienceWithAbort = TimeSpan.FromSeconds(10);

    private readonly MpiEnvironment mpi;
    private readonly List<string> warnings = [];
    private int aborted;

    private MpiWorld(MpiEnvironment mpi, MpiLibrary library)
    {
        this.mpi = mpi;
        Library = library.Version;
        using var host = mpi.World.SplitShared();
        (LocalRank, LocalSize) = (host.Rank, host.Size);
    }

    /// <summary>This rank, counted from 0.</summary>
    public int Rank => mpi.World.Rank;

    /// <summary>The number of ranks.</summary>
    public int WorldSize => mpi.World.Size;

    /// <summary>This rank's place among those of its host.</summary>
    public int LocalRank { get; }

    /// <summary>The number of ranks of this host.</summary>
    public int LocalSize { get; }

    /// <summary>The message library's name and version.</summary>
    public string Library { get; }

    /// <summary>What the user should know about how the ranks are connected; only rank 0 has it.</summary>
    public IReadOnlyList<string> Warnings => warnings;

    /// <summary>Joins the job that a launcher has started this process for. The thread that calls it should also dispose of it.</summary>
    /// <exception cref="DistributedException">The MPI library is missing, cannot be used, or does not belong to the launcher.</exception>
    public static MpiWorld Join(LauncherEnvironment launcher)
    {
        var library = MpiLibrarySearch.Load(launcher);
        var mpi = new MpiEnvironment(library);
        string where = $"rank {launcher.Rank} of {launcher.WorldSize}, started by {MpiLibrarySearch.NameOf(launcher.Kind)}";
        if ((mpi.World.Rank, mpi.World.Size) != (launcher.Rank, launcher.WorldSize))
        {
            string found = $"the MPI library ({library.Version}) says rank {mpi.World.Rank} of {mpi.World.Size}: it does not understand this launcher";
            // Alone, it can be ended in order; with others it would wait for them.
            if (mpi.World.Size == 1) mpi.Dispose();
            throw new DistributedException(where, found, "the library of the MPI that the launcher belongs to; otherwise every process would train by itself, as rank 0", Remedy(launcher.Kind, library.Flavour));
        }
        if (mpi.Threading != Threading.Multiple)
            throw new DistributedException(where, $"the MPI library ({library.Version}) lets {mpi.Threading} threads call it", "Multiple, so that a watching thread can end the job while another one waits",
                "use an MPI library that was built with support for threads");
        return new(mpi, library);
    }

    /// <summary>Connects the ranks for collectives; all ranks call it together, and may do so several times. Ranks of a host without room for shared memory exchange messages.</summary>
    /// <param name="sharedBytesPerRank">Bytes that this rank will share with the ranks of its host.</param>
    internal ITransport OpenTransport(long sharedBytesPerRank)
    {
        var world = mpi.World.Clone();
        return new MpiTransport(world, world.SplitShared(), sharedBytesPerRank, warnings);
    }

    /// <summary>Ends all ranks of the job, from any thread; does not return.</summary>
    public void Abort(int exitCode)
    {
        if (Interlocked.Exchange(ref aborted, 1) != 0) Thread.Sleep(Timeout.Infinite);
        new Thread(() =>
        {
            Thread.Sleep(PatienceWithAbort);
            EndProcess(exitCode);
        })
        { IsBackground = true, Name = "end of a job that cannot be aborted" }.Start();
        mpi.Abort(exitCode);
        EndProcess(exitCode);
    }

    /// <summary>Leaves the job; all ranks do so together.</summary>
    public void Dispose()
    {
        if (aborted == 0) mpi.Dispose();
    }

    private static string Remedy(LauncherKind launcher, MpiFlavour loaded) => launcher switch
    {
        LauncherKind.Slurm => $"srun --mpi={(loaded == MpiFlavour.OpenMpi ? "pmix" : "pmi2")} (srun --mpi=list shows what this Slurm has), or mpiexec inside the allocation instead of srun",
        _ when (launcher == LauncherKind.OpenMpi) == (loaded == MpiFlavour.OpenMpi) => "start with the mpiexec of the same installation as the library, or put the path of the launcher's library into " + MpiLibrarySearch.Variable,
        _ => $"start with {MpiLibrarySearch.LauncherOf(loaded)}, or put the path of the launcher's library into {MpiLibrarySearch.Variable} (unset, it is searched for)",
    };

    // Environment.Exit waits for other threads' finalizers and handlers, which may be what hangs.
    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void EndProcess(int exitCode);
}
