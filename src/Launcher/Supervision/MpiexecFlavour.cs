namespace SparkTrain.Launcher.Supervision;

/// <summary>Families of mpiexec programs, which differ in their options.</summary>
internal enum MpiexecFlavour
{
    /// <summary>Open MPI.</summary>
    OpenMpi,

    /// <summary>Hydra, of MPICH and its relatives.</summary>
    Hydra,
}
