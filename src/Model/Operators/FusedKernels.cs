namespace SparkTrain.Model;

/// <summary>
/// Chooses between the two forms of every operator: one fused kernel (float32 on the CPU), or libtorch's own operations composed (any type, any device).
/// Both give the same numbers up to rounding and are tested against the same goldens.
/// </summary>
public static class FusedKernels
{
    /// <summary>False computes with the composed form everywhere: to compare, or to rule a kernel out as the cause of a difference.</summary>
    public static bool Enabled { get; set; } = true;

    /// <summary>True where the fused kernel takes activations like <paramref name="x"/>.</summary>
    internal static bool Take(Tensor x) => Enabled && x.dtype == ScalarType.Float32 && x.device_type == DeviceType.CPU;
}
