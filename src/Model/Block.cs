namespace SparkTrain.Model;

/// <summary>
/// One transformer block: h = x + after(attention(norm(x))), y = h + after(ffn(norm(h))). After is a norm in Gemma-2's sandwich, and nothing where norms stand before only.
/// </summary>
public sealed class Block : nn.Module<Tensor, SequenceContext, Tensor>
{
    // Shapes: B batch, T position, D model.

    private readonly Norm normBeforeAttention, normBeforeFfn;
    private readonly Norm? normAfterAttention, normAfterFfn;
    private readonly Attention attention;
    private readonly FeedForward ffn;

    /// <summary>Creates the block of layer <paramref name="layer"/>, counted from 0.</summary>
    public Block(ModelConfig config, int layer, RotaryEmbedding rotary, ComputeOptions options) : base(nameof(Block))
    {
        bool isSandwich = config.Norm.Placement == NormPlacement.Sandwich;
        register_module("input_layernorm", normBeforeAttention = Norm.Of(config, options));
        register_module("self_attn", attention = new Attention(config, layer, rotary, options));
        if (isSandwich) register_module("post_attention_layernorm", normAfterAttention = Norm.Of(config, options));
        register_module("pre_feedforward_layernorm", normBeforeFfn = Norm.Of(config, options));
        register_module("mlp", ffn = FeedForward.Of(config, layer, options));
        if (isSandwich) register_module("post_feedforward_layernorm", normAfterFfn = Norm.Of(config, options));
    }

    /// <summary>Its weights.</summary>
    public IReadOnlyList<(WeightRole Role, Parameter Weight)> Weights =>
    [
        (WeightRole.NormBeforeAttention, normBeforeAttention.Weight), .. attention.Weights, .. Of(WeightRole.NormAfterAttention, normAfterAttention),
        (WeightRole.NormBeforeFfn, normBeforeFfn.Weight), .. ffn.Weights, .. Of(WeightRole.NormAfterFfn, normAfterFfn),
    ];

    /// <summary>Returns y [B, T, D].</summary>
    public override Tensor forward(Tensor x_BTD, SequenceContext context)
    {
        using var scope = NewDisposeScope();
        var h_BTD = x_BTD + After(normAfterAttention, attention.call(normBeforeAttention.call(x_BTD), context));
        var y_BTD = h_BTD + After(normAfterFfn, ffn.call(normBeforeFfn.call(h_BTD)));
        return y_BTD.MoveToOuterDisposeScope();
    }

    private static Tensor After(Norm? norm, Tensor x_BTD) => norm is null ? x_BTD : norm.call(x_BTD);

    private static IEnumerable<(WeightRole Role, Parameter Weight)> Of(WeightRole role, Norm? norm) => norm is null ? [] : [(role, norm.Weight)];
}
