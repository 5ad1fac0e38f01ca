using System.Runtime.Intrinsics;
using static SparkTrain.Model.Kernels.VectorMath;

namespace SparkTrain.Model.Kernels;

/// <summary>The threshold θ = mean + std · Q(1 − k/d) of a row and its gradient (spec: paper eq. 10-11 and their derivative).</summary>
internal readonly unsafe struct StatisticalThreshold(int k, int width, int correction)
{
    /// <summary>float64 numbers kept per row for the backward pass: θ, mean, std.</summary>
    internal const int Saved = 3;

    private readonly double quantile = QuantileTable.Above(k, width);

    /// <summary>Returns the row's soft threshold and fills its saved numbers.</summary>
    internal SoftThreshold Of(float* x, double* row)
    {
        var (mean, deviation) = RowStatistics.OfRow(x, width, correction);
        (row[0], row[1], row[2]) = (mean + quantile * deviation, mean, deviation);
        return new(row[0]);
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
        int i = 0;
        for (; i + Lanes <= width; i += Lanes) Subtract(Vector512.Load(dx + i), Vector512.Load(x + i), factor, constant).Store(dx + i);
        if (i < width) StorePart(Subtract(LoadPart(dx + i, width - i), LoadPart(x + i, width - i), factor, constant), dx + i, width - i);
    }

    private static Vector512<float> Subtract(Vector512<float> dx, Vector512<float> x, Vector512<double> factor, Vector512<double> constant) => Vector512.Narrow(
        Vector512.FusedMultiplyAdd(Vector512.WidenLower(x), factor, Vector512.WidenLower(dx) + constant),
        Vector512.FusedMultiplyAdd(Vector512.WidenUpper(x), factor, Vector512.WidenUpper(dx) + constant));
}
