using System.Runtime.Intrinsics;
using SparkTrain.Native;
using static SparkTrain.Numerics.VectorMath;

namespace SparkTrain.Kernels;

/// <summary>AdamW (Loshchilov and Hutter, 2019) in one pass over flat float32 memory: decoupled weight decay, bias correction as PyTorch does it.</summary>
public static unsafe class AdamWKernel
{
    /// <summary>Updates p, m and v in place; all four tensors are contiguous float32 of one size.</summary>
    /// <param name="p">Parameters.</param>
    /// <param name="g">Gradients; only read.</param>
    /// <param name="m">First moments.</param>
    /// <param name="v">Second moments.</param>
    /// <param name="numbers">The numbers of this update.</param>
    /// <exception cref="ArgumentException">The sizes differ, or a tensor is not contiguous float32 on the CPU.</exception>
    public static void Step(Tensor p, Tensor g, Tensor m, Tensor v, AdamWUpdate numbers)
    {
        long count = p.numel();
        if (g.numel() != count || m.numel() != count || v.numel() != count)
            throw new ArgumentException($"parameters, gradients and moments need one size; found {count}, {g.numel()}, {m.numel()} and {v.numel()}");
        var update = new Update(numbers);
        using var memory = new TensorMemory();
        float* pp = memory.Float32(p), gp = memory.Float32(g), mp = memory.Float32(m), vp = memory.Float32(v);
        OpenMp.ForRanges(count, 16384, (begin, end) =>
        {
            long full = begin + (end - begin & -Lanes);
            int rest = (int)(end - full);
            update.Run(pp + begin, gp + begin, mp + begin, vp + begin, full - begin);
            if (rest == 0) return;
            float* part = stackalloc float[4 * Lanes];
            update.Run(Pad(pp + full, rest, part), Pad(gp + full, rest, part + Lanes), Pad(mp + full, rest, part + 2 * Lanes), Pad(vp + full, rest, part + 3 * Lanes), Lanes);
            Unpad(part, rest, pp + full);
            Unpad(part + 2 * Lanes, rest, mp + full);
            Unpad(part + 3 * Lanes, rest, vp + full);
        });
    }

    private sealed class Update(AdamWUpdate n)
    {
        private readonly float keep = (float)(1 - n.Lr * n.WeightDecay);
        private readonly float gain1 = (float)(1 - n.Beta1), decay2 = (float)n.Beta2, gain2 = (float)(1 - n.Beta2);
        private readonly float stepSize = (float)(n.Lr / (1 - Math.Pow(n.Beta1, n.Step)));
        private readonly float rootCorrection = (float)(1 / Math.Sqrt(1 - Math.Pow(n.Beta2, n.Step)));
        private readonly float epsilon = (float)n.Eps, scale = (float)n.GradientScale;

        public void Run(float* p, float* g, float* m, float* v, long count)
        {
            for (long i = 0; i < count; i += Lanes)
            {
                var gradient = Vector512.Load(g + i) * scale;
                var mean = Vector512.Load(m + i);
                mean = Vector512.FusedMultiplyAdd(gradient - mean, Vector512.Create(gain1), mean);
                var square = Vector512.FusedMultiplyAdd(gradient * gradient, Vector512.Create(gain2), Vector512.Load(v + i) * decay2);
                var denominator = Vector512.FusedMultiplyAdd(Vector512.Sqrt(square), Vector512.Create(rootCorrection), Vector512.Create(epsilon));
                (Vector512.Load(p + i) * keep - mean * stepSize / denominator).Store(p + i);
                mean.Store(m + i);
                square.Store(v + i);
            }
        }
    }
}
