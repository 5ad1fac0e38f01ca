namespace SparkTrain.Kernels;

/// <summary>Sums of squares of libtorch's operations.</summary>
internal static class ComposedSums
{
    /// <summary>As <see cref="KernelSet.SumsOfSquares"/>.</summary>
    internal static double[] OfSquares(Tensor g, long blockLength)
    {
        using var scope = NewDisposeScope();
        long whole = g.numel() / blockLength * blockLength;
        var sums = g.narrow(0, 0, whole).view(-1, blockLength).square().sum(1, type: ScalarType.Float64);
        if (whole < g.numel()) sums = cat([sums, g.narrow(0, whole, g.numel() - whole).square().sum(ScalarType.Float64).view(1)]);
        return sums.cpu().data<double>().ToArray();
    }
}
