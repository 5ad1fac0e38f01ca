namespace SparkTrain.Model;

/// <summary>
/// Gated feed-forward network: y = V (σ(K1ᵀq) ∘ K2ᵀq) (paper eq. 2). σ is GELU (Gemma-2), ReLU, squared ReLU, or GELU behind statistical top-k (eq. C.2).
/// </summary>
public sealed class GatedFfn : FeedForward
{
    // Shapes: B batch, T position, D model, F hidden.

    private readonly int layer;
    private readonly FfnConfig config;
    private readonly TopkRule rule;
    private readonly ComputeOptions options;
    private readonly Linear k1, k2, v;

    /// <summary>Creates the network of layer <paramref name="layer"/>, counted from 0.</summary>
    public GatedFfn(ModelConfig model, int layer, ComputeOptions options) : base(nameof(GatedFfn))
    {
        config = model.Ffn.Of(layer);
        (this.layer, this.options) = (layer, options);
        rule = new(config.Active, model.TopkStdCorrection, model.TopkSelector, config.HuberDelta);
        register_module("gate_proj", k1 = new Linear(model.DModel, config.DFf, model.Bias, options));
        register_module("up_proj", k2 = new Linear(model.DModel, config.DFf, model.Bias, options));
        register_module("down_proj", v = new Linear(config.DFf, model.DModel, model.Bias, options));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(WeightRole Role, Parameter Weight)> Weights =>
        [.. k1.Weights(WeightRole.FfnGate, WeightRole.FfnGateBias), .. k2.Weights(WeightRole.FfnUp, WeightRole.FfnUpBias), .. v.Weights(WeightRole.FfnDown, WeightRole.FfnDownBias)];

    /// <summary>Returns y [B, T, D].</summary>
    public override Tensor forward(Tensor q_BTD)
    {
        using var scope = NewDisposeScope();
        var active_BT = options.Sparsity?.NewCounts([q_BTD.size(0), q_BTD.size(1)], q_BTD.device);
        var (s_BTF, u_BTF, now) = (k1.call(q_BTD), k2.call(q_BTD), options.Level.Of(config, rule));
        var h_BTF = config.HasTopk() ? options.Kernels.Gate(s_BTF, u_BTF, now, active_BT) : options.Kernels.Activate(s_BTF, u_BTF, config.Kind.Traits().Activation, active_BT);
        options.Audit?.AddFfn(layer, s_BTF, u_BTF, now, options.Kernels);
        if (active_BT is not null) options.Sparsity!.AddActiveNeurons(layer, active_BT, config.DFf);
        return v.call(h_BTF).MoveToOuterDisposeScope();
    }
}
