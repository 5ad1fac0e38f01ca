namespace SparkTrain.Distributed.Mpi;

/// <summary>Binary interfaces of MPI libraries: they differ in handles, constants and the layout of a status.</summary>
public enum MpiFlavour
{
    /// <summary>Open MPI 3, 4 and 5: handles are addresses.</summary>
    OpenMpi,

    /// <summary>MPICH 3 and 4 and those that keep its interface (Intel MPI, MVAPICH, Cray): handles are 32-bit integers.</summary>
    Mpich,
}
