namespace SparkTrain.Model.Tests.Reference;

/// <summary>Distances between tensors.</summary>
internal static class Deviation
{
    /// <summary>The largest absolute difference; NaN anywhere gives NaN, which no tolerance accepts.</summary>
    public static double Largest(Tensor actual, Tensor expected)
    {
        Assert.Equal(expected.shape, actual.shape);
        using var scope = NewDisposeScope();
        return (actual.detach().to(ScalarType.Float64) - expected.to(ScalarType.Float64)).abs().max().item<double>();
    }

    /// <summary>The largest absolute difference in units of the expected tensor's largest entry.</summary>
    public static double Relative(Tensor actual, Tensor expected) => Largest(actual, expected) / expected.abs().max().to(ScalarType.Float64).item<double>();

    /// <summary>Asserts |actual − expected| ≤ tolerance, and says by how much it is missed.</summary>
    public static void AssertWithin(double tolerance, double deviation, string what) =>
        Assert.True(deviation <= tolerance, $"{what}: deviates by {deviation:g3}, tolerance {tolerance:g3}");
}
