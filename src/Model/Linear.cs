namespace SparkTrain.Model;

/// <summary>Linear layer without bias: y = x Wᵀ.</summary>
public sealed class Linear : nn.Module<Tensor, Tensor>
{
    // Shapes: N rows (any leading dimensions), I inputs, O outputs.
    // Master weights and activations are float32; the product runs in the compute type. Norms, softmax, statistics and loss never leave float32.

    private readonly Parameter w_OI;
    private readonly ComputeOptions options;

    /// <summary>Creates the layer with weights [outputs, inputs] that are yet to be filled.</summary>
    public Linear(long inputs, long outputs, ComputeOptions options) : base(nameof(Linear))
    {
        this.options = options;
        w_OI = new Parameter(empty(outputs, inputs, options.MasterDtype, options.Device));
        register_parameter("weight", w_OI);
    }

    /// <summary>W, [O, I].</summary>
    public Parameter Weight => w_OI;

    /// <summary>Returns y [N, O].</summary>
    public override Tensor forward(Tensor x_NI) => options.Kernels.Linear(x_NI, w_OI, options.Dtype);
}
