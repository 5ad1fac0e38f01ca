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
    public string Name { get; } = (Layer is { } layer ? FormattableString.Invariant($"model.layers.{layer}.") : "") + NameOf(Role) + ".weight";

    /// <summary>Number of its values.</summary>
    public long Count { get; } = Shape.Aggregate(1L, (a, b) => a * b);

    /// <summary>The part of the model that it belongs to.</summary>
    public ModelPart Part => Role switch
    {
        WeightRole.Embedding => ModelPart.Embedding,
        WeightRole.Query or WeightRole.Key or WeightRole.Value or WeightRole.AttentionOutput => ModelPart.Attention,
        WeightRole.FfnGate or WeightRole.FfnUp or WeightRole.FfnDown => ModelPart.Ffn,
        WeightRole.NormBeforeAttention or WeightRole.NormAfterAttention or WeightRole.NormBeforeFfn or WeightRole.NormAfterFfn or WeightRole.FinalNorm => ModelPart.Norm,
        _ => throw Unknown(Role),
    };

    /// <summary>The values that it begins with.</summary>
    public InitialRule Initial => Part == ModelPart.Norm ? InitialRule.Zero : InitialRule.FanIn;

    /// <summary>True where weight decay pulls it towards 0.</summary>
    public bool Decays => Part != ModelPart.Norm;

    private static string NameOf(WeightRole role) => role switch
    {
        WeightRole.Embedding => "model.embed_tokens",
        WeightRole.NormBeforeAttention => "input_layernorm",
        WeightRole.Query => "self_attn.q_proj",
        WeightRole.Key => "self_attn.k_proj",
        WeightRole.Value => "self_attn.v_proj",
        WeightRole.AttentionOutput => "self_attn.o_proj",
        WeightRole.NormAfterAttention => "post_attention_layernorm",
        WeightRole.NormBeforeFfn => "pre_feedforward_layernorm",
        WeightRole.FfnGate => "mlp.gate_proj",
        WeightRole.FfnUp => "mlp.up_proj",
        WeightRole.FfnDown => "mlp.down_proj",
        WeightRole.NormAfterFfn => "post_feedforward_layernorm",
        WeightRole.FinalNorm => "model.norm",
        _ => throw Unknown(role),
    };

    private static ArgumentOutOfRangeException Unknown(WeightRole role) => new(nameof(role), role, "a role without a rule");
}
