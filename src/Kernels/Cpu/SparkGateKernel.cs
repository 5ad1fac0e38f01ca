using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparkTrain.Native;
using static SparkTrain.Numerics.VectorMath;

namespace SparkTrain.Kernels;

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
            return GatedActivationKernel.Apply(s_NF, u_NF, ActivationKind.Gelu);
        }
        var threshold = new StatisticalThreshold(k, width, correction);
        return KernelFunction.Run([s_NF, u_NF],
            () =>
            {
                var (s_, u_) = (s_NF.contiguous(), u_NF.contiguous());
                var h_ = empty_like(s_);
                long rows = s_.numel() / width;
                var rows_N3 = empty(rows, StatisticalThreshold.Saved, ScalarType.Float64);
                using var memory = new TensorMemory();
                float* s = memory.Float32(s_), u = memory.Float32(u_), h = memory.Float32(h_);
                double* row = (double*)memory.Pointer(rows_N3);
                int* active = active_N is null ? null : (int*)memory.Pointer(active_N);
                OpenMp.ForRanges(rows, 1 + 8192 / width, (begin, end) =>
                {
                    for (long n = begin; n < end; n++)
                    {
                        double* saved = row + n * StatisticalThreshold.Saved;
                        threshold.Compute(s + n * width, saved);
                        int count = Forward(new(saved[0]), s + n * width, u + n * width, h + n * width, width);
                        if (active != null) active[n] = count;
                    }
                });
                return (h_, [s_, u_, rows_N3]);
            },
            (saved, g_) =>
            {
                Tensor ds_ = empty_like(g_), du_ = empty_like(g_);
                using var memory = new TensorMemory();
                float* s = memory.Float32(saved[0]), u = memory.Float32(saved[1]), g = memory.Float32(g_);
                float* ds = memory.Float32(ds_), du = memory.Float32(du_);
                double* rows = (double*)memory.Pointer(saved[2]);
                OpenMp.ForRanges(g_.numel() / width, 1 + 8192 / width, (begin, end) =>
                {
                    for (long n = begin; n < end; n++)
                    {
                        long at = n * width;
                        double* row = rows + n * StatisticalThreshold.Saved;
                        double total = Backward(new(row[0]), s + at, u + at, g + at, ds + at, du + at, width);
                        threshold.SubtractGradient(ds + at, s + at, total, row);
                    }
                });
                return [ds_, du_];
            });
    }

    private static int Forward(SoftThreshold soft, float* s, float* u, float* h, int width)
    {
        int full = width & -Lanes, rest = width - full;
        int active = Gate(soft, s, u, h, full);
        if (rest == 0) return active;
        float* part = stackalloc float[2 * Lanes];
        // Filled up with the smallest score there is, so that the filling is not counted.
        active += Gate(soft, Pad(s + full, rest, part, float.MinValue), Pad(u + full, rest, part + Lanes), part, Lanes);
        Unpad(part, rest, h + full);
        return active;
    }

    /// <summary>Writes du and the gradient at the top-k's output into ds; returns the sum of the latter.</summary>
    private static double Backward(SoftThreshold soft, float* s, float* u, float* g, float* ds, float* du, int width)
    {
        int full = width & -Lanes, rest = width - full;
        double sum = GateGradient(soft, s, u, g, ds, du, full);
        if (rest == 0) return sum;
        float* part = stackalloc float[3 * Lanes];
        sum += GateGradient(soft, Pad(s + full, rest, part), Pad(u + full, rest, part + Lanes), Pad(g + full, rest, part + 2 * Lanes), part, part + Lanes, Lanes);
        Unpad(part, rest, ds + full);
        Unpad(part + Lanes, rest, du + full);
        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Gate(SoftThreshold soft, float* s, float* u, float* h, int count)
    {
        var active = Vector512<int>.Zero;
        for (int i = 0; i < count; i += Lanes)
        {
            var y = soft.Above(Vector512.Load(s + i));
            active -= Vector512.GreaterThan(y, Vector512<float>.Zero).AsInt32();
            (Gelu(y, out _) * Vector512.Load(u + i)).Store(h + i);
        }
        return Vector512.Sum(active);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static double GateGradient(SoftThreshold soft, float* s, float* u, float* g, float* ds, float* du, int count)
    {
        var sum = Vector512<double>.Zero;
        for (int i = 0; i < count; i += Lanes)
        {
            var y = soft.Above(Vector512.Load(s + i));
            var upstream = Vector512.Load(g + i);
            var activation = Gelu(y, out var slope);
            var dy = upstream * Vector512.Load(u + i) * slope & Vector512.GreaterThan(y, Vector512<float>.Zero);
            dy.Store(ds + i);
            (upstream * activation).Store(du + i);
            sum += Vector512.WidenLower(dy) + Vector512.WidenUpper(dy);
        }
        return Vector512.Sum(sum);
    }
}
