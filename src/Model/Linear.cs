namespace SparkTrain.Model;

/// <summary>Linear layer: y = x Wᵀ + b, by default without b.</summary>
public sealed class Linear : nn.Module<Tensor, Tensor>
{
    // Shapes: N rows (any leading dimensions), I inputs, O outputs.
    // Master weights and activations are float32; the product runs in the compute type. Norms, softmax, statistics and loss never leave float32.

    private readonly Parameter w_OI;
    private readonly Parameter? b_O;
    private readonly ComputeOptions options;

    /// <summary>Creates the layer with weights [outputs, inputs], and with a bias where asked for; both are yet to be filled.</summary>
    public Linear(long inputs, long outputs, bool hasBias, ComputeOptions options) : base(nameof(Linear))
    {
        this.options = options;
        w_OI = new Parameter(empty(outputs, inputs, options.MasterDtype, options.Device));
        register_parameter("weight", w_OI);
        if (!hasBias) return;
        b_O = new Parameter(empty(outputs, options.MasterDtype, options.Device));
        register_parameter("bias", b_O);
    }

    /// <summary>W, [O, I], and b, [O], where there is one, by the roles that they have in the model.</summary>
    public IEnumerable<(WeightRole Role, Parameter Weight)> Weights(WeightRole weight, WeightRole bias) => b_O is null ? [(weight, w_OI)] : [(weight, w_OI), (bias, b_O)];

    /// <summary>Returns y [N, O].</summary>
    public override Tensor forward(Tensor x_NI)
    {
        var y_NO = options.Kernels.Linear(x_NI, w_OI, options.Dtype);
        if (b_O is null) return y_NO;
        using (y_NO) return y_NO + b_O;
    }
}
