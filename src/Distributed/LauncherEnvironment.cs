using System.Globalization;

namespace SparkTrain.Distributed;

/// <summary>What a launcher has told this process about its place among the ranks.</summary>
/// <param name="Kind">The launcher.</param>
/// <param name="Rank">This rank, counted from 0.</param>
/// <param name="WorldSize">The number of ranks.</param>
/// <param name="LocalRank">This rank's place among those of its host, where the launcher says it.</param>
/// <param name="LocalSize">The number of ranks of this host, where the launcher says it.</param>
public sealed record LauncherEnvironment(LauncherKind Kind, int Rank, int WorldSize, int? LocalRank, int? LocalSize)
{
    // Slurm gives special steps (the batch script, an interactive shell) numbers from here on.
    private const long FirstSpecialSlurmStep = 0xfffffff0;

    /// <summary>Reads the variables that a launcher sets; null where none has started this process as one of its ranks.</summary>
    /// <param name="variable">Returns the value of an environment variable.</param>
    public static LauncherEnvironment? Detect(Func<string, string?> variable)
    {
        // mpiexec often starts its ranks through srun, so that Slurm's variables are there too but count mpiexec's own helpers: they come last.
        return From(LauncherKind.OpenMpi, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE")
            ?? (variable("MPI_LOCALNRANKS") is null ? null : Hydra())
            ?? (IsSlurmTask() ? From(LauncherKind.Slurm, "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", null) : null)
            ?? Hydra();

        LauncherEnvironment? Hydra() => From(LauncherKind.Mpich, "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS");

        // A shell or script inside an allocation has SLURM_NTASKS and SLURM_PROCID too: only srun numbers its steps. A step of one task is as likely
        // an interactive shell, and has nobody to talk to.
        bool IsSlurmTask() => Number("SLURM_STEP_ID") is >= 0 and < FirstSpecialSlurmStep && Number("SLURM_STEP_NUM_TASKS") > 1;

        LauncherEnvironment? From(LauncherKind kind, string rank, string size, string localRank, string? localSize) =>
            Number(rank) is { } r && Number(size) is { } n && r >= 0 && r < n && n <= int.MaxValue
                ? new(kind, (int)r, (int)n, (int?)Number(localRank), localSize is null ? null : (int?)Number(localSize))
                : null;

        long? Number(string name) => long.TryParse(variable(name), NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;
    }
}
