namespace SparkTrain.Distributed.Mpi;

/// <summary>How a reduction combines two values.</summary>
public enum Operation
{
    /// <summary>Their sum.</summary>
    Add,

    /// <summary>Their product.</summary>
    Multiply,

    /// <summary>The smaller one.</summary>
    Min,

    /// <summary>The larger one.</summary>
    Max,

    /// <summary>Bits that both have; integers only.</summary>
    BitwiseAnd,

    /// <summary>Bits that any has; integers only.</summary>
    BitwiseOr,
}
