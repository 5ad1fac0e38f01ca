using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SparkTrain.Numerics;

/// <summary>ln Σ eˣ of a row.</summary>
public static class LogSumExp
{
    /// <summary>Returns it within a few units of float32's last place, whatever the row's size and offset: relative to the largest entry, and summed in float64. NaN where an entry is NaN or +∞.</summary>
    /// <param name="row">At least one number.</param>
    public static double Of(ReadOnlySpan<float> row)
    {
        var vectors = MemoryMarshal.Cast<float, Vector512<float>>(row);
        var rest = row[(vectors.Length * VectorMath.Lanes)..];
        float largest = float.NegativeInfinity;
        if (vectors.Length > 0)
        {
            var most = vectors[0];
            foreach (ref readonly var vector in vectors) most = Vector512.MaxNative(most, vector);
            largest = VectorMath.Largest(most);
        }
        foreach (float x in rest) largest = MathF.Max(largest, x);

        double sum = Vector512.Sum(Sum(vectors, largest));
        foreach (float x in rest) sum += Math.Exp((double)x - largest);
        return largest + Math.Log(sum);
    }

    private static Vector512<double> Sum(ReadOnlySpan<Vector512<float>> vectors, float largest)
    {
        var (peak, lower, upper) = (Vector512.Create(largest), Vector512<double>.Zero, Vector512<double>.Zero);
        foreach (ref readonly var vector in vectors)
        {
            var (low, high) = Vector512.Widen(VectorMath.Exp(vector - peak));
            lower += low;
            upper += high;
        }
        return lower + upper;
    }
}
