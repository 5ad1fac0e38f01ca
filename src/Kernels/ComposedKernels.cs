namespace SparkTrain.Kernels;

/// <summary>The composed form of every operator.</summary>
internal sealed class ComposedKernels : KernelSet;
