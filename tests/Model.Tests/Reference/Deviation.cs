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

    /// <summary>
    /// The largest difference that two orders of summing the same terms in float32 may give a model's outputs: λ √n u times the largest value, for n roundings in a row of
    /// relative size u = 2⁻²⁴ at most each (Higham and Mary 2019, probabilistic bound; λ = 8 is passed once in 10¹³ sums).
    /// </summary>
    public static double Rounding(ModelFormat.ModelConfig config, Tensor expected)
    {
        var a = config.Attention;
        // The longest chain through a layer: two norms and q, then scores, values, output; norm, score, product, output of the FFN.
        double layer = 5.0 * config.DModel + a.HeadDim + config.MaxSeqLen + (double)a.NumHeads * a.HeadDim + Enumerable.Range(0, config.NumLayers).Max(l => config.Ffn.Of(l).DFf);
        double roundings = config.NumLayers * layer + 2.0 * config.DModel;
        return 8 * Math.Sqrt(roundings) * Math.Pow(2, -24) * Math.Max(1, expected.abs().max().to(ScalarType.Float64).item<double>());
    }

    /// <summary>Asserts |actual − expected| ≤ tolerance, and says by how much it is missed.</summary>
    public static void AssertWithin(double tolerance, double deviation, string what) =>
        Assert.True(deviation <= tolerance, $"{what}: deviates by {deviation:g3}, tolerance {tolerance:g3}");
}
