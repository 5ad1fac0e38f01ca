using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparkTrain.Native;
using static SparkTrain.Numerics.VectorMath;

namespace SparkTrain.Kernels;

/// <summary>Statistical top-k (paper eq. 9-11): y = max(x − θ, 0) with θ = mean + std · Q(1 − k/d) over each row; gradients flow through θ.</summary>
public static unsafe class StatisticalTopKKernel
{
    // Shapes: N rows (any leading dimensions), F entries of a row, d in the paper.

    /// <summary>Returns y of x's shape. From k ≥ F on the operator is off and y = x.</summary>
    /// <param name="x_NF">Scores [.., F], float32.</param>
    /// <param name="k">The number of entries aimed at.</param>
    /// <param name="correction">The variance divides by F − correction.</param>
    public static Tensor Apply(Tensor x_NF, int k, int correction)
    {
        int width = (int)x_NF.shape[^1];
        if (k >= width) return x_NF.alias();
        var threshold = new StatisticalThreshold(k, width, correction);
        return KernelFunction.Run([x_NF],
            () =>
            {
                var x = x_NF.contiguous();
                var y = empty_like(x);
                long rows = x.numel() / width;
                var rows_N3 = empty(rows, StatisticalThreshold.Saved, ScalarType.Float64);
                Rows(rows, width, x, y, y, rows_N3, (x, y, _, row) =>
                {
                    threshold.Compute(x, row);
                    Forward(x, y, width, new(row[0]));
                });
                return (y, [x, rows_N3]);
            },
            (saved, g) =>
            {
                var dx = empty_like(g);
                Rows(g.numel() / width, width, saved[0], g, dx, saved[1], (x, g, dx, row) =>
                    threshold.SubtractGradient(dx, x, Backward(x, g, dx, width, new(row[0])), row));
                return [dx];
            });
    }

    private static void Forward(float* x, float* y, int width, SoftThreshold soft)
    {
        int full = width & -Lanes, rest = width - full;
        Soften(x, y, full, soft);
        if (rest == 0) return;
        float* part = stackalloc float[Lanes];
        Soften(Pad(x + full, rest, part), part, Lanes, soft);
        Unpad(part, rest, y + full);
    }

    /// <summary>Writes the gradient of the active entries and returns its sum.</summary>
    private static double Backward(float* x, float* g, float* dx, int width, SoftThreshold soft)
    {
        int full = width & -Lanes, rest = width - full;
        double sum = Select(x, g, dx, full, soft);
        if (rest == 0) return sum;
        float* part = stackalloc float[2 * Lanes];
        sum += Select(Pad(x + full, rest, part), Pad(g + full, rest, part + Lanes), part, Lanes, soft);
        Unpad(part, rest, dx + full);
        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Soften(float* x, float* y, int count, SoftThreshold soft)
    {
        for (int i = 0; i < count; i += Lanes) soft.Above(Vector512.Load(x + i)).Store(y + i);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static double Select(float* x, float* g, float* dx, int count, SoftThreshold soft)
    {
        var sum = Vector512<double>.Zero;
        for (int i = 0; i < count; i += Lanes)
        {
            var kept = Vector512.Load(g + i) & Vector512.GreaterThan(soft.Above(Vector512.Load(x + i)), Vector512<float>.Zero);
            kept.Store(dx + i);
            sum += Vector512.WidenLower(kept) + Vector512.WidenUpper(kept);
        }
        return Vector512.Sum(sum);
    }

    private delegate void RowBody(float* a, float* b, float* c, double* row);

    private static void Rows(long rows, int width, Tensor a_NF, Tensor b_NF, Tensor c_NF, Tensor rows_N3, RowBody body)
    {
        using var memory = new TensorMemory();
        float* a = memory.Float32(a_NF), b = memory.Float32(b_NF), c = memory.Float32(c_NF);
        double* row = (double*)memory.Pointer(rows_N3);
        OpenMp.ForRanges(rows, 1 + 16384 / width, (begin, end) =>
        {
            for (long n = begin; n < end; n++) body(a + n * width, b + n * width, c + n * width, row + n * StatisticalThreshold.Saved);
        });
    }
}
