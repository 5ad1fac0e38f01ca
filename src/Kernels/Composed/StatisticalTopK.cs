namespace SparkTrain.Kernels;

/// <summary>
/// Statistical top-k (paper eq. 9-11): y = max(x − θ, 0) with θ = mean(x) + std(x)·Q(1 − k/d).
/// About k of d normal entries stay; the gradient flows through θ.
/// </summary>
internal static class StatisticalTopK
{
    // Shapes: N rows (any leading dimensions), F entries of a row.

    /// <summary>As <see cref="KernelSet.Topk"/>.</summary>
    internal static Tensor Composed(Tensor x_NF, int k, int correction)
    {
        using var scope = NewDisposeScope();
        if (k >= x_NF.size(-1)) return x_NF.alias().MoveToOuterDisposeScope();
        var x = x_NF.to(Precision.OfStatistics(x_NF.dtype));
        var y_NF = F.relu(x - Threshold(x, k, correction));
        return y_NF.to(x_NF.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>θ [N, 1] of scores that are float32 or float64.</summary>
    private static Tensor Threshold(Tensor x_NF, int k, int correction)
    {
        int d = (int)x_NF.size(-1);
        // Sums run in float64: squares of float32 neither underflow nor overflow there, and a constant row has exactly std 0.
        var x = x_NF.to(ScalarType.Float64);
        var mean_N1 = x.mean([-1], keepdim: true);
        var variance_N1 = (x - mean_N1).square().sum([-1], keepdim: true) / (d - correction);
        // The slope of the root is infinite at 0; there the std term is left out of value and gradient.
        var varies_N1 = variance_N1.gt(0);
        var std_N1 = where(varies_N1, where(varies_N1, variance_N1, ones_like(variance_N1)).sqrt(), zeros_like(variance_N1));
        return (mean_N1 + std_N1 * QuantileTable.Above(k, d)).to(x_NF.dtype);
    }
}
