namespace SparkTrain.Model;

/// <summary>One transformer block with Gemma-2's sandwich norms: h = x + norm(attention(norm(x))), y = h + norm(ffn(norm(h))).</summary>
public sealed class Block : nn.Module<Tensor, SequenceContext, Tensor>
{
    // Shapes: B batch, T position, D model.

    private readonly RmsNorm normBeforeAttention, normAfterAttention, normBeforeFfn, normAfterFfn;
    private readonly Attention attention;
    private readonly FeedForward ffn;

    /// <summary>Creates the block of layer <paramref name="layer"/>, counted from 0.</summary>
    public Block(ModelConfig config, int layer, RotaryEmbedding rotary, ComputeOptions options) : base(nameof(Block))
    {
        register_module("input_layernorm", normBeforeAttention = new RmsNorm(config, options));
        register_module("self_attn", attention = new Attention(config, layer, rotary, options));
        register_module("post_attention_layernorm", normAfterAttention = new RmsNorm(config, options));
        register_module("pre_feedforward_layernorm", normBeforeFfn = new RmsNorm(config, options));
        register_module("mlp", ffn = FeedForward.Of(config, layer, options));
        register_module("post_feedforward_layernorm", normAfterFfn = new RmsNorm(config, options));
    }

    /// <summary>Its weights.</summary>
    public IReadOnlyList<(WeightRole Role, Parameter Weight)> Weights =>
    [
        (WeightRole.NormBeforeAttention, normBeforeAttention.Weight), .. attention.Weights, (WeightRole.NormAfterAttention, normAfterAttention.Weight),
        (WeightRole.NormBeforeFfn, normBeforeFfn.Weight), .. ffn.Weights, (WeightRole.NormAfterFfn, normAfterFfn.Weight),
    ];

    /// <summary>Returns y [B, T, D].</summary>
    public override Tensor forward(Tensor x_BTD, SequenceContext context)
    {
        using var scope = NewDisposeScope();
        var h_BTD = x_BTD + normAfterAttention.call(attention.call(normBeforeAttention.call(x_BTD), context));
        var y_BTD = h_BTD + normAfterFfn.call(ffn.call(normBeforeFfn.call(h_BTD)));
        return y_BTD.MoveToOuterDisposeScope();
    }
}
