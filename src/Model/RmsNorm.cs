namespace SparkTrain.Model;

/// <summary>Gemma-2's norm: y = x / √(mean(x²) + ε) ∘ (1 + w). Weights of 0 are the neutral start.</summary>
public sealed class RmsNorm : Norm
{
    // Shapes: N rows (any leading dimensions), D model.

    private readonly Parameter w_D;
    private readonly double eps;
    private readonly KernelSet kernels;

    /// <summary>Creates the norm with weights that are yet to be filled.</summary>
    public RmsNorm(ModelConfig config, ComputeOptions options) : base(nameof(RmsNorm))
    {
        (eps, kernels) = (config.Norm.Eps, options.Kernels);
        w_D = new Parameter(empty(config.DModel, options.MasterDtype, options.Device));
        register_parameter("weight", w_D);
    }

    /// <summary>w, [D].</summary>
    public override Parameter Weight => w_D;

    /// <summary>Returns y [N, D].</summary>
    public override Tensor forward(Tensor x_ND) => kernels.RmsNorm(x_ND, w_D, eps);
}
