namespace SparkTrain.Model.Tests.Reference;

/// <summary>The forms in which a model computes on the CPU.</summary>
public enum Form
{
    /// <summary>Fused kernels, float32.</summary>
    Fused32,

    /// <summary>libtorch's operations, float32.</summary>
    Composed32,

    /// <summary>libtorch's operations, float64.</summary>
    Composed64,
}
