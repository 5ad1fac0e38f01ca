using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparkTrain.Numerics;

namespace SparkTrain.Inference;

/// <summary>Rows of activations, padded to whole groups of 32.</summary>
internal static unsafe class VectorOps
{
    private const int Lanes = VectorMath.Lanes;

    /// <summary>y = x / √(mean(x²) + ε) ∘ w, with Gemma's 1 + weight as w.</summary>
    public static void RmsNorm(float* x, float[] w, int count, double eps, float* y)
    {
        float scale = (float)(1 / Math.Sqrt(SumOfSquares(x, count) / count + eps));
        fixed (float* weights = w) Scale(x, scale, weights, count, y);
    }

    /// <summary>x = softcap · tanh(x / softcap).</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Softcap(float* x, int count, float cap)
    {
        Vector512<float> times = Vector512.Create(cap), by = Vector512.Create(1 / cap);
        int i = 0;
        for (; i + Lanes <= count; i += Lanes) (VectorMath.Tanh(Vector512.Load(x + i) * by) * times).Store(x + i);
        float* part = stackalloc float[Lanes];
        if (i == count) return;
        (VectorMath.Tanh(Vector512.Load(VectorMath.Pad(x + i, count - i, part)) * by) * times).Store(part);
        VectorMath.Unpad(part, count - i, x + i);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Scale(float* x, float scale, float* w, int count, float* y)
    {
        int i = 0;
        for (; i + Lanes <= count; i += Lanes) (Vector512.Load(x + i) * scale * Vector512.Load(w + i)).Store(y + i);
        for (; i < count; i++) y[i] = x[i] * scale * w[i];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static double SumOfSquares(float* x, int count)
    {
        Vector512<double> lower = default, upper = default;
        int i = 0;
        for (; i + Lanes <= count; i += Lanes)
        {
            var some = Vector512.Load(x + i);
            Vector512<double> first = Vector512.WidenLower(some), second = Vector512.WidenUpper(some);
            (lower, upper) = (Vector512.FusedMultiplyAdd(first, first, lower), Vector512.FusedMultiplyAdd(second, second, upper));
        }
        double sum = Vector512.Sum(lower + upper);
        for (; i < count; i++) sum += (double)x[i] * x[i];
        return sum;
    }
}
