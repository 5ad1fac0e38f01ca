namespace SparkTrain.Kernels;

/// <summary>y = x Wᵀ with float32 master weights and, on request, all three products (forward, dX, dW) in bfloat16.</summary>
public static class LinearKernel
{
    // Shapes: N rows (any leading dimensions), I inputs, O outputs.

    /// <summary>Returns y [N, O] in float32. Weights are cast through <see cref="WeightCasts"/>.</summary>
    /// <param name="x_NI">Inputs [.., I], float32.</param>
    /// <param name="w_OI">Weights [O, I], float32.</param>
    /// <param name="bfloat16">True multiplies in bfloat16 (the processor accumulates in float32 and rounds each result once); false in float32.</param>
    public static Tensor Apply(Tensor x_NI, Tensor w_OI, bool bfloat16)
    {
        long[] outputShape = [.. x_NI.shape[..^1], w_OI.shape[0]];
        bool needsX = x_NI.requires_grad, needsW = w_OI.requires_grad;
        return KernelFunction.Run([x_NI, w_OI],
            () =>
            {
                var x = Rows(x_NI, bfloat16);
                var w = bfloat16 ? WeightCasts.Bfloat16(w_OI) : w_OI;
                return (MatrixProduct.Of(x, w.t()).to(ScalarType.Float32).view(outputShape), [x, w]);
            },
            (saved, gradient) =>
            {
                var (x, w) = (saved[0], saved[1]);
                var g = Rows(gradient, bfloat16);
                return
                [
                    needsX ? MatrixProduct.Of(g, w).to(ScalarType.Float32).view([.. outputShape[..^1], w.shape[1]]) : null,
                    needsW ? MatrixProduct.Of(g.t(), x).to(ScalarType.Float32) : null,
                ];
            });
    }

    private static Tensor Rows(Tensor x, bool bfloat16)
    {
        var rows = x.reshape(-1, x.shape[^1]);
        return bfloat16 ? rows.to(ScalarType.BFloat16) : rows;
    }
}
