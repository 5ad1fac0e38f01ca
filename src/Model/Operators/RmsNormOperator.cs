namespace SparkTrain.Model;

/// <summary>Root-mean-square norm as Gemma-2 defines it: y = x / √(mean(x²) + ε) ∘ (1 + w).</summary>
public static class RmsNormOperator
{
    // Shapes: N rows (any leading dimensions), D model.

    /// <summary>Returns y [N, D] in the type of <paramref name="x_ND"/>; the arithmetic runs in float32.</summary>
    public static Tensor Apply(Tensor x_ND, Tensor w_D, double eps) =>
        FusedKernels.Take(x_ND) ? RmsNormKernel.Apply(x_ND, w_D, eps) : Recomputed.Run([x_ND, w_D], [], (t, _) => Composed(t[0], t[1], eps));

    internal static Tensor Composed(Tensor x_ND, Tensor w_D, double eps)
    {
        using var scope = NewDisposeScope();
        var x = x_ND.to(Precision.OfStatistics(x_ND.dtype));
        var y_ND = x * (x.square().mean([-1], keepdim: true) + eps).rsqrt() * (1 + w_D);
        return y_ND.to(x_ND.dtype).MoveToOuterDisposeScope();
    }
}
