namespace SparkTrain.Kernels;

/// <summary>y = x Wᵀ, multiplied in a narrower type than activations and master weights have.</summary>
internal static class ComposedLinear
{
    // Shapes: N rows (any leading dimensions), I inputs, O outputs.

    /// <summary>As <see cref="KernelSet.Linear"/>.</summary>
    internal static Tensor Apply(Tensor x_NI, Tensor w_OI, ScalarType computeDtype)
    {
        using var scope = NewDisposeScope();
        var y_NO = F.linear(x_NI.to(computeDtype), w_OI.to(computeDtype));
        return y_NO.to(x_NI.dtype).MoveToOuterDisposeScope();
    }
}
