namespace SparkTrain.Kernels;

/// <summary>AdamW of libtorch's operations: θ ← θ − lr·λ·θ − lr·m̂ / (√v̂ + ε), with m̂ = m / (1 − β1ᵗ) and v̂ = v / (1 − β2ᵗ).</summary>
internal static class ComposedAdamW
{
    /// <summary>As <see cref="KernelSet.AdamW"/>.</summary>
    internal static void Step(Tensor weight, Tensor g, Tensor m, Tensor v, AdamWUpdate n)
    {
        using var scope = NewDisposeScope();
        var scaled = g * n.GradientScale;
        m.mul_(n.Beta1).add_(scaled, alpha: 1 - n.Beta1);
        v.mul_(n.Beta2).addcmul_(scaled, scaled, 1 - n.Beta2);
        double correction1 = 1 - Math.Pow(n.Beta1, n.Step), correction2 = 1 - Math.Pow(n.Beta2, n.Step);
        var denominator = v.sqrt().div_(Math.Sqrt(correction2)).add_(n.Eps);
        weight.mul_(1 - n.Lr * n.WeightDecay).addcdiv_(m, denominator, -n.Lr / correction1);
    }
}
