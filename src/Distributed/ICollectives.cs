namespace SparkTrain.Distributed;

/// <summary>What the ranks of a run do together. Every rank calls the same members in the same order.</summary>
public unsafe interface ICollectives
{
    /// <summary>This rank, counted from 0.</summary>
    int Rank { get; }

    /// <summary>The number of ranks.</summary>
    int WorldSize { get; }

    /// <summary>Replaces <paramref name="count"/> floats on every rank by their sum over the ranks, added in the order of the ranks.</summary>
    void AllReduceSum(float* values, long count);

    /// <summary>Replaces doubles on every rank by their sum over the ranks, added in the order of the ranks.</summary>
    void AllReduceSum(Span<double> values);

    /// <summary>Returns when every rank has called it.</summary>
    void Barrier();
}
