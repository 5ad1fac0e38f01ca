namespace SparkTrain.Model;

/// <summary>A loss that is not yet a mean, so that micro-batches and ranks can be added up.</summary>
/// <param name="Nats">Summed cross-entropy in nats, a scalar with gradient.</param>
/// <param name="Targets">Number of targets in the sum.</param>
public readonly record struct LossSum(Tensor Nats, long Targets);
