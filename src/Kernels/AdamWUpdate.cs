namespace SparkTrain.Kernels;

/// <summary>The numbers of one update by AdamW.</summary>
/// <param name="Lr">Learning rate.</param>
/// <param name="Beta1">Decay of the first moments.</param>
/// <param name="Beta2">Decay of the second moments.</param>
/// <param name="Eps">Added to the root of the corrected second moment.</param>
/// <param name="WeightDecay">Weights shrink by Lr · WeightDecay first.</param>
/// <param name="Step">Number of the update, counted from 1.</param>
/// <param name="GradientScale">Factor on the gradients: clipping and averaging belong here.</param>
public sealed record AdamWUpdate(double Lr, double Beta1, double Beta2, double Eps, double WeightDecay, long Step, double GradientScale);
