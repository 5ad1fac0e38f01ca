namespace SparkTrain.Model;

/// <summary>How a model computes: number type, device, instruments.</summary>
public sealed record ComputeOptions
{
    /// <summary>Type in which linear layers multiply: float32, bfloat16, or float64 (for checks; weights and activations are float64 then too).</summary>
    public ScalarType Dtype { get; init; } = ScalarType.Float32;

    /// <summary>Where weights and activations live.</summary>
    public Device Device { get; init; } = CPU;

    /// <summary>The operators: by default the fastest that type and device have.</summary>
    public KernelSet Kernels { get => field ?? KernelSet.For(Device, MasterDtype); init; }

    /// <summary>Receives active fractions and kept keys; null costs nothing.</summary>
    public SparsitySink? Sparsity { get; init; }

    /// <summary>Looks at every score of some forward passes; null costs nothing.</summary>
    public SparsityAudit? Audit { get; init; }

    /// <summary>How sparse the model is at the moment; at first as its configuration says.</summary>
    public SparsityLevel Level { get; } = new();

    /// <summary>Called during a backward pass, with the layer's number, when the gradients of a block and all later ones are complete; null costs nothing.</summary>
    public Action<int>? BlockBackwardDone { get; init; }

    /// <summary>Type of the master weights and of the activations between layers: float32, or float64 with <see cref="Dtype"/> float64.</summary>
    public ScalarType MasterDtype => Precision.OfStatistics(Dtype);
}
