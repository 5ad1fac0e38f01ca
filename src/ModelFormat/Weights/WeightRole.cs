namespace SparkTrain.ModelFormat;

/// <summary>What a weight is for. Everything that treats some weights otherwise than others asks for this, never for a name.</summary>
public enum WeightRole
{
    /// <summary>The embedding table E [vocab, d_model]; of a tied model it is the head as well.</summary>
    Embedding,

    /// <summary>The norm before attention [d_model].</summary>
    NormBeforeAttention,

    /// <summary>The query projection W_Q [heads · d_attn, d_model].</summary>
    Query,

    /// <summary>The bias of the query projection [heads · d_attn].</summary>
    QueryBias,

    /// <summary>The key projection W_K [kv heads · d_attn, d_model].</summary>
    Key,

    /// <summary>The bias of the key projection [kv heads · d_attn].</summary>
    KeyBias,

    /// <summary>The value projection W_V [kv heads · d_attn, d_model].</summary>
    Value,

    /// <summary>The bias of the value projection [kv heads · d_attn].</summary>
    ValueBias,

    /// <summary>The output projection W_O [d_model, heads · d_attn].</summary>
    AttentionOutput,

    /// <summary>The bias of the output projection [d_model].</summary>
    AttentionOutputBias,

    /// <summary>The norm behind attention [d_model].</summary>
    NormAfterAttention,

    /// <summary>The norm before the feed-forward network [d_model].</summary>
    NormBeforeFfn,

    /// <summary>What scores the neurons: K1ᵀ [d_ff, d_model], of a Spark FFN [d_ff, r].</summary>
    FfnGate,

    /// <summary>The bias of the scores of the neurons [d_ff].</summary>
    FfnGateBias,

    /// <summary>What the scores are multiplied by: K2ᵀ [d_ff, d_model], of a Spark FFN [d_ff, d_model − r].</summary>
    FfnUp,

    /// <summary>The bias of what the scores are multiplied by [d_ff].</summary>
    FfnUpBias,

    /// <summary>What the neurons write: V [d_model, d_ff].</summary>
    FfnDown,

    /// <summary>The bias of what the neurons write [d_model].</summary>
    FfnDownBias,

    /// <summary>The norm behind the feed-forward network [d_model].</summary>
    NormAfterFfn,

    /// <summary>The norm before the head [d_model].</summary>
    FinalNorm,

    /// <summary>The head of a model that is not tied [vocab, d_model].</summary>
    Head,
}

/// <summary>The part of a model that a weight belongs to.</summary>
public enum ModelPart
{
    /// <summary>The embedding table and the head.</summary>
    Embedding,

    /// <summary>The projections of attention.</summary>
    Attention,

    /// <summary>The feed-forward matrices.</summary>
    Ffn,

    /// <summary>The norms.</summary>
    Norm,
}

/// <summary>The values that a weight of a new model has.</summary>
public enum InitialRule
{
    /// <summary>All 0.</summary>
    Zero,

    /// <summary>Truncated normal with variance 1/in for a matrix [out, in].</summary>
    FanIn,
}
