namespace SparkTrain.Kernels;

/// <summary>
/// Matrix products in the type of the factors. libtorch multiplies bfloat16 fast on processors that do; on others it takes up to 25 times as long as in float32, so there the numbers
/// are multiplied in float32 and the results rounded: the same sums of the same exact products, in another order.
/// </summary>
public static class MatrixProduct
{
    // Shapes: N, K, M of the factors.

    /// <summary>Returns a·b [N, M] in the type of the factors.</summary>
    public static Tensor Of(Tensor a_NK, Tensor b_KM) =>
        a_NK.dtype == ScalarType.BFloat16 && IsSlow(a_NK.device) ? mm(a_NK.to(ScalarType.Float32), b_KM.to(ScalarType.Float32)).to(ScalarType.BFloat16) : mm(a_NK, b_KM);

    private static bool IsSlow(Device device) => device.type == DeviceType.CPU && !Native.Processor.HasFastBfloat16;
}
