namespace SparkTrain.Kernels;

/// <summary>Root-mean-square norm as Gemma-2 defines it: y = x / √(mean(x²) + ε) ∘ (1 + w). The arithmetic runs in float32.</summary>
internal static class ComposedRmsNorm
{
    // Shapes: N rows (any leading dimensions), D model.

    /// <summary>As <see cref="KernelSet.RmsNorm"/>.</summary>
    internal static Tensor Apply(Tensor x_ND, Tensor w_D, double eps) => Recomputed.Run([x_ND, w_D], [], (t, _) =>
    {
        using var scope = NewDisposeScope();
        var x = t[0].to(Precision.OfStatistics(t[0].dtype));
        var y_ND = x * (x.square().mean([-1], keepdim: true) + eps).rsqrt() * (1 + t[1]);
        return y_ND.to(t[0].dtype).MoveToOuterDisposeScope();
    });
}
