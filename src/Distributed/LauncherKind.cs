namespace SparkTrain.Distributed;

/// <summary>Programs that start the ranks of a job.</summary>
public enum LauncherKind
{
    /// <summary>Open MPI's mpiexec.</summary>
    OpenMpi,

    /// <summary>The mpiexec of MPICH and its relatives (hydra).</summary>
    Mpich,

    /// <summary>Slurm's srun.</summary>
    Slurm,
}
