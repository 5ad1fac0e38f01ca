using System.ComponentModel.DataAnnotations;

namespace SparkTrain.ModelFormat;

/// <summary>The shape of a Spark Transformer or of its dense Gemma-2 baseline. Everything that computes the model reads this record.</summary>
public sealed record ModelConfig : IValidatableObject
{
    /// <summary>Rows of the tied embedding table, in tokens.</summary>
    [Range(1, 16_777_216)]
    public required int VocabSize { get; init; }

    /// <summary>Width of the residual stream, d_model.</summary>
    [Range(1, 1_048_576)]
    public required int DModel { get; init; }

    /// <summary>Number of transformer blocks.</summary>
    [Range(1, 1024)]
    public required int NumLayers { get; init; }

    /// <summary>Longest sequence that the model is meant for, in tokens.</summary>
    [Range(1, 16_777_216)]
    public required int MaxSeqLen { get; init; }

    /// <summary>The feed-forward network of every block.</summary>
    public required FfnConfig Ffn { get; init; }

    /// <summary>The attention of every block.</summary>
    public required AttentionConfig Attention { get; init; }

    /// <summary>Final logits become c·tanh(logits / c); null leaves them as they are.</summary>
    [Range(1e-3, 1e6)]
    public double? FinalLogitSoftcap { get; init; } = 30.0;

    /// <summary>Added to the mean square in RMSNorm.</summary>
    [Range(1e-12, 1.0)]
    public double RmsNormEps { get; init; } = 1e-6;

    /// <summary>The standard deviation of statistical top-k divides by N − this: 1 is the paper's eq. 11, 0 is Gemma 3n's.</summary>
    [Range(0, 1)]
    public int TopkStdCorrection { get; init; } = 1;

    /// <summary>Rules that span several keys.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Ffn is null || Attention is null) yield break;
        if (Ffn.Kind == FfnKind.Spark && Ffn.PredictorDim >= DModel)
            yield return Problem($"is {Ffn.PredictorDim}; the predictor reads the first PredictorDim of DModel = {DModel} coordinates, so it must be smaller.", "Ffn.PredictorDim");
        if (Attention.Layers.Count > 0 && Attention.Layers.Count != NumLayers)
            yield return Problem($"has {Attention.Layers.Count} entries; give one per layer (NumLayers = {NumLayers}) or none.", "Attention.Layers");
    }

    private static ValidationResult Problem(string message, string key) => new(message, [key]);
}

/// <summary>What computes the feed-forward network.</summary>
public enum FfnKind
{
    /// <summary>Gemma-2: V (gelu(K1ᵀq) ∘ K2ᵀq).</summary>
    Gated,

    /// <summary>The same with ReLU in place of GELU.</summary>
    GatedRelu,

    /// <summary>The same with squared ReLU.</summary>
    GatedRelu2,

    /// <summary>Statistical top-k before the GELU of a gated FFN (paper eq. C.2).</summary>
    GatedTopk,

    /// <summary>Spark FFN: the scores come from the first r coordinates only (paper eq. 5).</summary>
    Spark,
}

/// <summary>The feed-forward network: kind, width and sparsity.</summary>
public sealed record FfnConfig : IValidatableObject
{
    /// <summary>Which feed-forward network: Gated, GatedRelu, GatedRelu2, GatedTopk or Spark.</summary>
    public required FfnKind Kind { get; init; }

    /// <summary>Number of hidden neurons, d_ff.</summary>
    [Range(1, 16_777_216)]
    public required int DFf { get; init; }

    /// <summary>Coordinates that the predictor reads, r (Spark only; 0 elsewhere).</summary>
    [Range(0, 1_048_576)]
    public int PredictorDim { get; init; }

    /// <summary>Neurons that statistical top-k aims to keep, k (GatedTopk and Spark; 0 elsewhere).</summary>
    [Range(0, 16_777_216)]
    public int Active { get; init; }

    /// <summary>True where statistical top-k picks the neurons.</summary>
    public bool HasTopk() => Kind is FfnKind.GatedTopk or FfnKind.Spark;

    /// <summary>Rules that span several keys.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (HasTopk() && (Active < 1 || Active > DFf))
            yield return new($"is {Active}; with Kind = {Kind} it must be from 1 to DFf = {DFf} (the paper keeps 8 %: {Math.Max(1, (int)Math.Round(0.08 * DFf))}).", [nameof(Active)]);
        if (!HasTopk() && Active != 0)
            yield return new($"is {Active}; Kind = {Kind} selects nothing, so leave it out.", [nameof(Active)]);
        if (Kind == FfnKind.Spark && PredictorDim < 1)
            yield return new($"is {PredictorDim}; Kind = Spark needs at least 1 (the paper: nearly half of DModel).", [nameof(PredictorDim)]);
        if (Kind != FfnKind.Spark && PredictorDim != 0)
            yield return new($"is {PredictorDim}; Kind = {Kind} has no predictor, so leave it out.", [nameof(PredictorDim)]);
    }
}

/// <summary>What computes the attention.</summary>
public enum AttentionKind
{
    /// <summary>Softmax attention over all visible keys (Gemma-2).</summary>
    Dense,

    /// <summary>Softmax over the keys that statistical top-k keeps of the full score (paper eq. C.4).</summary>
    Topk,

    /// <summary>Spark attention: predictor scores pick the keys and feed softmax, the rest of each key feeds softplus (paper eq. 7).</summary>
    Spark,
}

/// <summary>Which keys a layer sees.</summary>
public enum AttentionSpan
{
    /// <summary>The last Window keys.</summary>
    Local,

    /// <summary>All earlier keys.</summary>
    Global,
}

/// <summary>The attention: heads, windows and sparsity.</summary>
public sealed record AttentionConfig : IValidatableObject
{
    /// <summary>Which attention: Dense, Topk or Spark.</summary>
    public required AttentionKind Kind { get; init; }

    /// <summary>Number of query heads.</summary>
    [Range(1, 65_536)]
    public required int NumHeads { get; init; }

    /// <summary>Number of key/value heads; it divides NumHeads.</summary>
    [Range(1, 65_536)]
    public required int NumKvHeads { get; init; }

    /// <summary>Width of one head, d_attn.</summary>
    [Range(2, 65_536)]
    public required int HeadDim { get; init; }

    /// <summary>Coordinates of a head that the predictor reads, r (Spark only; 0 elsewhere).</summary>
    [Range(0, 65_536)]
    public int PredictorDim { get; init; }

    /// <summary>Keys that statistical top-k aims to keep per query, k (Topk and Spark; 0 elsewhere). Rows with no more visible keys keep all.</summary>
    [Range(0, 16_777_216)]
    public int Active { get; init; }

    /// <summary>Keys that a local layer sees, the query's own position included: key j is visible to query i where 0 ≤ i − j &lt; Window.</summary>
    [Range(1, 16_777_216)]
    public required int Window { get; init; }

    /// <summary>One span per layer; empty means Gemma-2's pattern: Local, Global, Local, Global, …</summary>
    public IReadOnlyList<AttentionSpan> Layers { get; init; } = [];

    /// <summary>Scores become c·tanh(score / c); null leaves them as they are.</summary>
    [Range(1e-3, 1e6)]
    public double? LogitSoftcap { get; init; } = 50.0;

    /// <summary>The query is multiplied by this value to the power −½; null means HeadDim.</summary>
    [Range(1e-6, 1e9)]
    public double? QueryPreAttnScalar { get; init; }

    /// <summary>Base of the rotary position embedding.</summary>
    [Range(1.0, 1e12)]
    public double RopeTheta { get; init; } = 10_000;

    /// <summary>True where statistical top-k picks the keys.</summary>
    public bool HasTopk() => Kind is AttentionKind.Topk or AttentionKind.Spark;

    /// <summary>The factor on the query, 1/√QueryPreAttnScalar.</summary>
    public double QueryScale() => 1 / Math.Sqrt(QueryPreAttnScalar ?? HeadDim);

    /// <summary>The span of layer <paramref name="layer"/>, counted from 0.</summary>
    public AttentionSpan SpanOf(int layer) =>
        Layers.Count > 0 ? Layers[layer] : layer % 2 == 0 ? AttentionSpan.Local : AttentionSpan.Global;

    /// <summary>The number of keys that layer <paramref name="layer"/> looks back on; null means all.</summary>
    public int? WindowOf(int layer) => SpanOf(layer) == AttentionSpan.Local ? Window : null;

    /// <summary>Rules that span several keys.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (NumKvHeads > 0 && NumHeads % NumKvHeads != 0)
            yield return new($"is {NumKvHeads}; it must divide NumHeads = {NumHeads}.", [nameof(NumKvHeads)]);
        if (HasTopk() && Active < 1)
            yield return new($"is {Active}; with Kind = {Kind} it must be at least 1 (the paper: 256).", [nameof(Active)]);
        if (!HasTopk() && Active != 0)
            yield return new($"is {Active}; Kind = {Kind} selects nothing, so leave it out.", [nameof(Active)]);
        if (Kind != AttentionKind.Spark && HeadDim % 2 != 0)
            yield return new($"is {HeadDim}; rotary embedding turns pairs, so it must be even.", [nameof(HeadDim)]);
        if (Kind == AttentionKind.Spark && (PredictorDim < 2 || PredictorDim >= HeadDim || PredictorDim % 2 != 0 || HeadDim % 2 != 0))
            yield return new($"is {PredictorDim}; with Kind = Spark it must be even, from 2 to HeadDim − 2 = {HeadDim - 2}, and HeadDim even (the paper: half of HeadDim).", [nameof(PredictorDim)]);
        if (Kind != AttentionKind.Spark && PredictorDim != 0)
            yield return new($"is {PredictorDim}; Kind = {Kind} has no predictor, so leave it out.", [nameof(PredictorDim)]);
    }
}
