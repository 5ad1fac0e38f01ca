using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static SparkTrain.Numerics.VectorMath;

namespace SparkTrain.Kernels;

/// <summary>The threshold θ = mean + std · Q(1 − k/d) of a row and its gradient (spec: paper eq. 10-11 and their derivative).</summary>
internal readonly unsafe struct StatisticalThreshold(int k, int width, int correction)
{
    /// <summary>float64 numbers kept per row for the backward pass: θ, mean, std.</summary>
    internal const int Saved = 3;

    private readonly double quantile = QuantileTable.Above(k, width);

    /// <summary>Fills the saved numbers of row <paramref name="x"/>.</summary>
    internal void Compute(float* x, double* row)
    {
        var (mean, deviation) = RowStatistics.OfRow(x, width, correction);
        (row[0], row[1], row[2]) = (mean + quantile * deviation, mean, deviation);
    }

    /// <summary>
    /// Subtracts G · ∂θ/∂x from <paramref name="dx"/>: G (1/d + Q (x − mean) / ((d − correction) std)), without the second term where std is 0.
    /// In float64, because std may be as small or as large as float32 goes.
    /// </summary>
    internal void SubtractGradient(float* dx, float* x, double total, double* row)
    {
        double slope = row[2] > 0 ? total * quantile / ((width - correction) * row[2]) : 0;
        var factor = Vector512.Create(-slope);
        var constant = Vector512.Create(slope * row[1] - total / width);
        int full = width & -Lanes, rest = width - full;
        Subtract(dx, x, full, factor, constant);
        if (rest == 0) return;
        float* part = stackalloc float[2 * Lanes];
        Subtract(Pad(dx + full, rest, part), Pad(x + full, rest, part + Lanes), Lanes, factor, constant);
        Unpad(part, rest, dx + full);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Subtract(float* dx, float* x, int count, Vector512<double> factor, Vector512<double> constant)
    {
        for (int i = 0; i < count; i += Lanes)
        {
            Vector512<float> d = Vector512.Load(dx + i), s = Vector512.Load(x + i);
            Vector512.Narrow(
                Vector512.FusedMultiplyAdd(Vector512.WidenLower(s), factor, Vector512.WidenLower(d) + constant),
                Vector512.FusedMultiplyAdd(Vector512.WidenUpper(s), factor, Vector512.WidenUpper(d) + constant)).Store(dx + i);
        }
    }
}
