namespace SparkTrain.Model;

/// <summary>y = x Wᵀ, multiplied in a narrower type than activations and master weights have.</summary>
public static class LinearOperator
{
    // Shapes: N rows (any leading dimensions), I inputs, O outputs.

    /// <summary>Returns y [N, O] in the type of <paramref name="x_NI"/>; both factors are rounded to <paramref name="computeDtype"/> first.</summary>
    public static Tensor Apply(Tensor x_NI, Tensor w_OI, ScalarType computeDtype) => FusedKernels.Take(x_NI)
        ? LinearKernel.Apply(x_NI, w_OI, computeDtype == ScalarType.BFloat16)
        : Composed(x_NI, w_OI, computeDtype);

    internal static Tensor Composed(Tensor x_NI, Tensor w_OI, ScalarType computeDtype)
    {
        using var scope = NewDisposeScope();
        var y_NO = F.linear(x_NI.to(computeDtype), w_OI.to(computeDtype));
        return y_NO.to(x_NI.dtype).MoveToOuterDisposeScope();
    }
}
