using System.Runtime.Intrinsics;
using SparkTrain.Native;
using TorchSharp;
using static SparkTrain.Model.Kernels.VectorMath;

namespace SparkTrain.Model.Kernels;

/// <summary>AdamW (Loshchilov and Hutter, 2019) in one pass over flat float32 memory: decoupled weight decay, bias correction as PyTorch does it.</summary>
public static unsafe class AdamWKernel
{
    /// <summary>Updates p, m and v in place; all four tensors are contiguous float32 of one size.</summary>
    /// <param name="p">Parameters.</param>
    /// <param name="g">Gradients; only read.</param>
    /// <param name="m">First moments.</param>
    /// <param name="v">Second moments.</param>
    /// <param name="lr">Learning rate of this step.</param>
    /// <param name="beta1">Decay of the first moments.</param>
    /// <param name="beta2">Decay of the second moments.</param>
    /// <param name="eps">Added to the root of the corrected second moment.</param>
    /// <param name="weightDecay">Parameters shrink by lr · weightDecay first.</param>
    /// <param name="step">Number of this update, counted from 1.</param>
    /// <param name="gradScale">Factor on the gradients: clipping and averaging belong here.</param>
    /// <exception cref="ArgumentException">The sizes differ, or a tensor is not contiguous float32 on the CPU.</exception>
    public static void Step(
        torch.Tensor p, torch.Tensor g, torch.Tensor m, torch.Tensor v,
        double lr, double beta1, double beta2, double eps, double weightDecay, long step, double gradScale)
    {
        long count = p.numel();
        if (g.numel() != count || m.numel() != count || v.numel() != count)
            throw new ArgumentException($"parameters, gradients and moments need one size; found {count}, {g.numel()}, {m.numel()} and {v.numel()}");
        var update = new Update(lr, beta1, beta2, eps, weightDecay, step, gradScale);
        float* pp = TensorMemory.Float32(p), gp = TensorMemory.Float32(g), mp = TensorMemory.Float32(m), vp = TensorMemory.Float32(v);
        OpenMp.ForRanges(count, 16384, (begin, end) =>
        {
            long i = begin;
            for (; i + Lanes <= end; i += Lanes)
            {
                Vector512<float> mean = Vector512.Load(mp + i), square = Vector512.Load(vp + i);
                update.Apply(Vector512.Load(pp + i), Vector512.Load(gp + i), ref mean, ref square).Store(pp + i);
                mean.Store(mp + i);
                square.Store(vp + i);
            }
            if (i < end)
            {
                int rest = (int)(end - i);
                Vector512<float> mean = LoadPart(mp + i, rest), square = LoadPart(vp + i, rest);
                StorePart(update.Apply(LoadPart(pp + i, rest), LoadPart(gp + i, rest), ref mean, ref square), pp + i, rest);
                StorePart(mean, mp + i, rest);
                StorePart(square, vp + i, rest);
            }
        });
    }

    private sealed class Update(double lr, double beta1, double beta2, double eps, double weightDecay, long step, double gradScale)
    {
        private readonly float keep = (float)(1 - lr * weightDecay);
        private readonly float gain1 = (float)(1 - beta1), decay2 = (float)beta2, gain2 = (float)(1 - beta2);
        private readonly float stepSize = (float)(lr / (1 - Math.Pow(beta1, step)));
        private readonly float rootCorrection = (float)(1 / Math.Sqrt(1 - Math.Pow(beta2, step)));
        private readonly float epsilon = (float)eps, scale = (float)gradScale;

        public Vector512<float> Apply(Vector512<float> p, Vector512<float> g, ref Vector512<float> m, ref Vector512<float> v)
        {
            g *= scale;
            m = Vector512.FusedMultiplyAdd(g - m, Vector512.Create(gain1), m);
            v = Vector512.FusedMultiplyAdd(g * g, Vector512.Create(gain2), v * decay2);
            var denominator = Vector512.FusedMultiplyAdd(Vector512.Sqrt(v), Vector512.Create(rootCorrection), Vector512.Create(epsilon));
            return p * keep - m * stepSize / denominator;
        }
    }
}
