namespace SparkTrain.Distributed.Mpi;

/// <summary>What has arrived.</summary>
/// <param name="Source">The rank that sent it.</param>
/// <param name="Tag">The tag that it was sent with.</param>
/// <param name="Count">Elements.</param>
public readonly record struct Status(int Source, int Tag, int Count);
