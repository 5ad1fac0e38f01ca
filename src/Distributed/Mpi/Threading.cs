namespace SparkTrain.Distributed.Mpi;

/// <summary>Which threads may call MPI; the values are those of both flavours.</summary>
public enum Threading
{
    /// <summary>The process has one thread.</summary>
    Single,

    /// <summary>Only the thread that initialised MPI.</summary>
    Funneled,

    /// <summary>Any thread, one at a time.</summary>
    Serialized,

    /// <summary>Any thread at any time.</summary>
    Multiple,
}
