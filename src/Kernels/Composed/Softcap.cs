namespace SparkTrain.Kernels;

/// <summary>Soft cap: c·tanh(x / c) keeps values within ±c and is the identity far below it.</summary>
internal static class Softcap
{
    /// <summary>Returns the capped values; a cap of null leaves them.</summary>
    internal static Tensor Apply(Tensor x, double? cap) => cap is { } c ? (x / c).tanh() * c : x;
}
