using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparkTrain.Native;
using static SparkTrain.Numerics.VectorMath;

namespace SparkTrain.Kernels;

/// <summary>RMSNorm as Gemma has it: y = x / √(mean x² + ε) ∘ (1 + w), over each row.</summary>
public static unsafe class RmsNormKernel
{
    // Shapes: N rows (any leading dimensions), D width.

    // Rows whose gradients of w are summed together; the blocks are added up in their order, so the result does not depend on the threads.
    private const int MaxBlocks = 64;

    /// <summary>Returns y of x's shape.</summary>
    /// <param name="x_ND">Inputs [.., D], float32.</param>
    /// <param name="w_D">Weights, float32; 0 is the neutral value.</param>
    /// <param name="eps">Added to the mean square.</param>
    public static Tensor Apply(Tensor x_ND, Tensor w_D, double eps)
    {
        int width = (int)x_ND.shape[^1];
        return KernelFunction.Run([x_ND, w_D],
            () =>
            {
                var (x_, w_) = (x_ND.contiguous(), w_D.contiguous());
                var y_ = empty_like(x_);
                long rows = x_.numel() / width;
                var inverse_N = empty(rows);
                using var memory = new TensorMemory();
                float* x = memory.Float32(x_), w = memory.Float32(w_), y = memory.Float32(y_), inverse = memory.Float32(inverse_N);
                OpenMp.ForRanges(rows, 1 + 16384 / width, (begin, end) =>
                {
                    for (long n = begin; n < end; n++)
                    {
                        double square = Dot(x + n * width, x + n * width, width);
                        inverse[n] = (float)(1 / Math.Sqrt(square / width + eps));
                        Norm(x + n * width, w, inverse[n], y + n * width, width);
                    }
                });
                return (y_, [x_, w_, inverse_N]);
            },
            (saved, g_) =>
            {
                long rows = g_.numel() / width;
                long blocks = Math.Min(MaxBlocks, rows);
                var dx_ = empty_like(g_);
                var dw_BD = zeros(blocks, width);
                using var memory = new TensorMemory();
                float* x = memory.Float32(saved[0]), w = memory.Float32(saved[1]), inverse = memory.Float32(saved[2]);
                float* g = memory.Float32(g_), dx = memory.Float32(dx_), dw = memory.Float32(dw_BD);
                OpenMp.ForRanges(blocks, Math.Max(1, 16384 * blocks / g_.numel()), (from, to) =>
                {
                    for (long b = from; b < to; b++)
                        for (long n = rows * b / blocks; n < rows * (b + 1) / blocks; n++)
                            BackwardRow(x + n * width, w, inverse[n], g + n * width, dx + n * width, dw + b * width, width);
                });
                for (long b = 1; b < blocks; b++) Add(dw + b * width, width, dw);
                return [dx_, dw_BD[0].clone()];
            });
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static double Dot(float* a, float* b, int width)
    {
        Vector512<float> even = default, odd = default;
        int i = 0;
        for (; i + 2 * Lanes <= width; i += 2 * Lanes)
        {
            even = Vector512.FusedMultiplyAdd(Vector512.Load(a + i), Vector512.Load(b + i), even);
            odd = Vector512.FusedMultiplyAdd(Vector512.Load(a + i + Lanes), Vector512.Load(b + i + Lanes), odd);
        }
        double sum = Vector512.Sum(even + odd);
        for (; i < width; i++) sum += (double)a[i] * b[i];
        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Norm(float* x, float* w, float inverse, float* y, int width)
    {
        var factor = Vector512.Create(inverse);
        int i = 0;
        for (; i + Lanes <= width; i += Lanes) (Vector512.Load(x + i) * factor * (Vector512<float>.One + Vector512.Load(w + i))).Store(y + i);
        for (; i < width; i++) y[i] = x[i] * inverse * (1 + w[i]);
    }

    // With x̂ = x r and a = g ∘ (1 + w): dw += g ∘ x̂ and dx = r (a − x̂ mean(a ∘ x̂)).
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void BackwardRow(float* x, float* w, float inverse, float* g, float* dx, float* dw, int width)
    {
        var r = Vector512.Create(inverse);
        var sum = Vector512<float>.Zero;
        double rest = 0;
        int i = 0;
        for (; i + Lanes <= width; i += Lanes)
        {
            var normed = Vector512.Load(x + i) * r;
            var gx = Vector512.Load(g + i) * normed;
            (Vector512.Load(dw + i) + gx).Store(dw + i);
            sum = Vector512.FusedMultiplyAdd(gx, Vector512<float>.One + Vector512.Load(w + i), sum);
        }
        for (; i < width; i++)
        {
            float gx = g[i] * x[i] * inverse;
            dw[i] += gx;
            rest += gx * (1 + w[i]);
        }
        float mean = (float)((Vector512.Sum(sum) + rest) / width);
        var back = Vector512.Create(mean * inverse);
        for (i = 0; i + Lanes <= width; i += Lanes)
        {
            var a = Vector512.Load(g + i) * (Vector512<float>.One + Vector512.Load(w + i));
            (r * (a - Vector512.Load(x + i) * back)).Store(dx + i);
        }
        for (; i < width; i++) dx[i] = inverse * (g[i] * (1 + w[i]) - x[i] * (mean * inverse));
    }
}
