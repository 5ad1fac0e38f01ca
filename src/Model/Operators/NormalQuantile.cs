using System.Collections.Concurrent;

namespace SparkTrain.Model;

/// <summary>Q, the quantile of the standard normal distribution, at the point that statistical top-k needs (paper eq. 11).</summary>
public static class NormalQuantile
{
    private static readonly ConcurrentDictionary<(int, int), double> Known = new();

    /// <summary>Returns Q(1 − k/d), the z-score above which k of d normal numbers lie; 0 &lt; k &lt; d.</summary>
    public static double OfTop(int k, int d) => Known.GetOrAdd((k, d), static key =>
    {
        // Q(1 − p) = −Q(p): exact for small p, where 1 − p would lose digits.
        using var scope = NewDisposeScope();
        return -special.ndtri(tensor((double)key.Item1 / key.Item2, dtype: ScalarType.Float64)).item<double>();
    });
}
