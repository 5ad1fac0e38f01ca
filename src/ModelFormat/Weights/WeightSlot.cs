namespace SparkTrain.ModelFormat;

/// <summary>A weight that a model has.</summary>
/// <param name="Role">What it is for.</param>
/// <param name="Layer">Its layer, counted from 0; null for the weights of the whole model.</param>
/// <param name="Shape">Sizes; a matrix is [out, in].</param>
public sealed record WeightSlot(WeightRole Role, int? Layer, long[] Shape)
{
    /// <summary>
    /// Its name in checkpoints and model folders, and the seed of its random stream: Hugging Face's of Gemma-2.
    /// </summary>
    public string Name { get; } = (Layer is { } layer ? FormattableString.Invariant($"model.layers.{layer}.") : "") + NameOf(Role);

    /// <summary>Number of its values.</summary>
    public long Count { get; } = Shape.Aggregate(1L, (a, b) => a * b);

    /// <summary>The part of the model that it belongs to.</summary>
    public ModelPart Part => Role switch
    {
        WeightRole.Embedding or WeightRole.Head => ModelPart.Embedding,
        WeightRole.Query or WeightRole.Key or WeightRole.Value or WeightRole.AttentionOutput => ModelPart.Attention,
        WeightRole.QueryBias or WeightRole.KeyBias or WeightRole.ValueBias or WeightRole.AttentionOutputBias => ModelPart.Attention,
        WeightRole.FfnGate or WeightRole.FfnUp or WeightRole.FfnDown or WeightRole.FfnGateBias or WeightRole.FfnUpBias or WeightRole.FfnDownBias => ModelPart.Ffn,
        WeightRole.NormBeforeAttention or WeightRole.NormAfterAttention or WeightRole.NormBeforeFfn or WeightRole.NormAfterFfn or WeightRole.FinalNorm => ModelPart.Norm,
        _ => throw Unknown(Role),
    };

    /// <summary>The values that it begins with: matrices are drawn, norms and biases begin without effect.</summary>
    public InitialRule Initial => IsMatrix ? InitialRule.FanIn : InitialRule.Zero;

    /// <summary>True where weight decay pulls it towards 0.</summary>
    public bool Decays => IsMatrix;

    private bool IsMatrix => Shape.Length == 2;

    private static string NameOf(WeightRole role) => role switch
    {
        WeightRole.Embedding => "model.embed_tokens.weight",
        WeightRole.NormBeforeAttention => "input_layernorm.weight",
        WeightRole.Query => "self_attn.q_proj.weight",
        WeightRole.QueryBias => "self_attn.q_proj.bias",
        WeightRole.Key => "self_attn.k_proj.weight",
        WeightRole.KeyBias => "self_attn.k_proj.bias",
        WeightRole.Value => "self_attn.v_proj.weight",
        WeightRole.ValueBias => "self_attn.v_proj.bias",
        WeightRole.AttentionOutput => "self_attn.o_proj.weight",
        WeightRole.AttentionOutputBias => "self_attn.o_proj.bias",
        WeightRole.NormAfterAttention => "post_attention_layernorm.weight",
        WeightRole.NormBeforeFfn => "pre_feedforward_layernorm.weight",
        WeightRole.FfnGate => "mlp.gate_proj.weight",
        WeightRole.FfnGateBias => "mlp.gate_proj.bias",
        WeightRole.FfnUp => "mlp.up_proj.weight",
        WeightRole.FfnUpBias => "mlp.up_proj.bias",
        WeightRole.FfnDown => "mlp.down_proj.weight",
        WeightRole.FfnDownBias => "mlp.down_proj.bias",
        WeightRole.NormAfterFfn => "post_feedforward_layernorm.weight",
        WeightRole.FinalNorm => "model.norm.weight",
        WeightRole.Head => "lm_head.weight",
        _ => throw Unknown(role),
    };

    private static ArgumentOutOfRangeException Unknown(WeightRole role) => new(nameof(role), role, "a role without a rule");
}
