namespace SparkTrain.Model;

/// <summary>The tied output layer: z = softcap(h Eᵀ), with the unscaled embedding table E.</summary>
public static class OutputLogits
{
    // Shapes: N rows (any leading dimensions), D model, V vocabulary.

    /// <summary>Returns z [N, V] in float32 (float64 for float64 input); the product runs in <paramref name="computeDtype"/>.</summary>
    public static Tensor Apply(Tensor h_ND, Tensor embed_VD, double? softcap, ScalarType computeDtype)
    {
        using var scope = NewDisposeScope();
        var z_NV = LinearOperator.Apply(h_ND, embed_VD, computeDtype).to(Precision.OfStatistics(h_ND.dtype));
        return Softcap.Apply(z_NV, softcap).MoveToOuterDisposeScope();
    }
}
