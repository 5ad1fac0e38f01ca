namespace SparkTrain.Kernels;

/// <summary>Number types of intermediate results.</summary>
internal static class Precision
{
    /// <summary>The type for norms, statistics, softmax and loss over values of type <paramref name="dtype"/>: at least float32.</summary>
    internal static ScalarType OfStatistics(ScalarType dtype) => dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
}
