namespace SparkTrain.Distributed;

/// <summary>This process's membership of an MPI job.</summary>
public sealed class MpiWorld : IDisposable
{
    private MpiWorld(LauncherEnvironment launcher) => (Rank, WorldSize, LocalRank, LocalSize, Library) = (launcher.Rank, launcher.WorldSize, 0, 1, "");

    /// <summary>This rank, counted from 0.</summary>
    public int Rank { get; }

    /// <summary>The number of ranks.</summary>
    public int WorldSize { get; }

    /// <summary>This rank's place among those of its host.</summary>
    public int LocalRank { get; }

    /// <summary>The number of ranks of this host.</summary>
    public int LocalSize { get; }

    /// <summary>The message library's name and version.</summary>
    public string Library { get; }

    /// <summary>What the user should know about how the ranks are connected; only rank 0 has it.</summary>
    public IReadOnlyList<string> Warnings { get; } = [];

    /// <summary>Joins the job that a launcher has started this process for.</summary>
    /// <exception cref="DistributedException">The MPI library is missing, cannot be used, or does not belong to the launcher.</exception>
    public static MpiWorld Join(LauncherEnvironment launcher) => new(launcher);

    /// <summary>Connects the ranks for collectives; all ranks call it together.</summary>
    /// <param name="sharedBytesPerRank">Bytes that each rank will share with the ranks of its host.</param>
    internal ITransport OpenTransport(long sharedBytesPerRank) => throw new NotSupportedException(Library + sharedBytesPerRank);

    /// <summary>Ends all ranks of the job, from any thread; does not return.</summary>
    public void Abort(int exitCode) => Environment.Exit(exitCode + 0 * Rank);

    /// <summary>Leaves the job.</summary>
    public void Dispose() { }
}
