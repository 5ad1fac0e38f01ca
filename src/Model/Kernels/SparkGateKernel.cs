using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparkTrain.Native;
using TorchSharp;
using static TorchSharp.torch;
using static SparkTrain.Model.Kernels.VectorMath;

namespace SparkTrain.Model.Kernels;

/// <summary>The middle of a Spark FFN (paper eq. 5): h = gelu(statistical top-k of s) ∘ u in one pass over memory, with GELU in its tanh form.</summary>
public static unsafe class SparkGateKernel
{
    // Shapes: N rows (any leading dimensions), F hidden neurons.

    /// <summary>Returns h of s's shape. Gradients flow to u, and to s through the threshold too.</summary>
    /// <param name="s_NF">Predictor scores [.., F], float32.</param>
    /// <param name="u_NF">The other branch [.., F], float32.</param>
    /// <param name="k">The number of neurons aimed at; from F on nothing is cut and h = gelu(s) ∘ u.</param>
    /// <param name="correction">The variance divides by F − correction.</param>
    /// <param name="active_N">int32, contiguous, one entry per row: receives the number of scores above the threshold (F where nothing is cut); null counts nothing.</param>
    public static Tensor Apply(Tensor s_NF, Tensor u_NF, int k, int correction, Tensor? active_N = null)
    {
        int width = (int)s_NF.shape[^1];
        if (k >= width)
        {
            active_N?.fill_(width);
            return GatedActivationKernel.Apply(s_NF, u_NF, ModelFormat.FfnKind.Gated);
        }
        var threshold = new StatisticalThreshold(k, width, correction);
        return KernelFunction.Run([s_NF, u_NF],
            () =>
            {
                var (s_, u_) = (s_NF.contiguous(), u_NF.contiguous());
                var h_ = empty_like(s_);
                long rows = s_.numel() / width;
                var rows_N3 = empty(rows, StatisticalThreshold.Saved, ScalarType.Float64);
                float* s = TensorMemory.Float32(s_), u = TensorMemory.Float32(u_), h = TensorMemory.Float32(h_);
                double* row = (double*)TensorMemory.Pointer(rows_N3);
                int* active = active_N is null ? null : (int*)TensorMemory.Pointer(active_N);
                OpenMp.ForRanges(rows, 1 + 8192 / width, (begin, end) =>
                {
                    for (long n = begin; n < end; n++)
                    {
                        var soft = threshold.Of(s + n * width, row + n * StatisticalThreshold.Saved);
                        int count = Forward(soft, s + n * width, u + n * width, h + n * width, width);
                        if (active != null) active[n] = count;
                    }
                });
                return (h_, [s_, u_, rows_N3]);
            },
            (saved, g_) =>
            {
                Tensor ds_ = empty_like(g_), du_ = empty_like(g_);
                float* s = TensorMemory.Float32(saved[0]), u = TensorMemory.Float32(saved[1]), g = TensorMemory.Float32(g_);
                float* ds = TensorMemory.Float32(ds_), du = TensorMemory.Float32(du_);
                double* rows = (double*)TensorMemory.Pointer(saved[2]);
                OpenMp.ForRanges(g_.numel() / width, 1 + 8192 / width, (begin, end) =>
                {
                    for (long n = begin; n < end; n++)
                    {
                        long at = n * width;
                        double* row = rows + n * StatisticalThreshold.Saved;
                        double total = Backward(new SoftThreshold(row[0]), s + at, u + at, g + at, ds + at, du + at, width);
                        threshold.SubtractGradient(ds + at, s + at, total, row);
                    }
                });
                return [ds_, du_];
            });
    }

    private static int Forward(SoftThreshold soft, float* s, float* u, float* h, int width)
    {
        var count = Vector512<int>.Zero;
        int i = 0;
        for (; i + Lanes <= width; i += Lanes) Gate(soft, Vector512.Load(s + i), Vector512.Load(u + i), ref count).Store(h + i);
        if (i < width)
        {
            // Lanes past the end hold the smallest score there is.
            var tail = Vector512.ConditionalSelect(FirstLanes(width - i), LoadPart(s + i, width - i), Vector512.Create(float.MinValue));
            StorePart(Gate(soft, tail, LoadPart(u + i, width - i), ref count), h + i, width - i);
        }
        return Vector512.Sum(count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Gate(SoftThreshold soft, Vector512<float> s, Vector512<float> u, ref Vector512<int> count)
    {
        var y = soft.Above(s);
        count -= Vector512.GreaterThan(y, Vector512<float>.Zero).AsInt32();
        return Gelu(y, out _) * u;
    }

    /// <summary>Writes du and the gradient at the top-k's output into ds; returns the sum of the latter.</summary>
    private static double Backward(SoftThreshold soft, float* s, float* u, float* g, float* ds, float* du, int width)
    {
        var sum = Vector512<double>.Zero;
        int i = 0;
        for (; i + Lanes <= width; i += Lanes)
        {
            var dy = GateGradient(soft, Vector512.Load(s + i), Vector512.Load(u + i), Vector512.Load(g + i), out var du16);
            sum += Vector512.WidenLower(dy) + Vector512.WidenUpper(dy);
            dy.Store(ds + i);
            du16.Store(du + i);
        }
        if (i < width)
        {
            int rest = width - i;
            var dy = GateGradient(soft, LoadPart(s + i, rest), LoadPart(u + i, rest), LoadPart(g + i, rest), out var du16);
            sum += Vector512.WidenLower(dy) + Vector512.WidenUpper(dy);
            StorePart(dy, ds + i, rest);
            StorePart(du16, du + i, rest);
        }
        return Vector512.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> GateGradient(SoftThreshold soft, Vector512<float> s, Vector512<float> u, Vector512<float> g, out Vector512<float> du)
    {
        var y = soft.Above(s);
        du = g * Gelu(y, out var slope);
        return g * u * slope & Vector512.GreaterThan(y, Vector512<float>.Zero);
    }
}
