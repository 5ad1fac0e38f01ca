using System.ComponentModel.DataAnnotations;

namespace SparkTrain.ModelFormat;

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

    /// <summary>Keys that a local layer sees, the query's own position included: key j is visible to query i where 0 ≤ i − j &lt; Window. Null where all layers are global.</summary>
    [Range(1, 16_777_216)]
    public int? Window { get; init; }

    /// <summary>One span per layer; empty means Gemma-2's pattern: Local, Global, Local, Global, …</summary>
    public IReadOnlyList<AttentionSpan> Layers { get; init; } = [];

    /// <summary>Scores become c·tanh(score / c); null leaves them as they are.</summary>
    [Range(1e-3, 1e6)]
    public double? LogitSoftcap { get; init; } = 50.0;

    /// <summary>The query is multiplied by this value to the power −½; null means HeadDim.</summary>
    [Range(1e-6, 1e9)]
    public double? QueryPreAttnScalar { get; init; }

    /// <summary>Base of the rotary position embedding; one of 1e16 or more all but stops the turning.</summary>
    [Range(1.0, 1e38)]
    public double RopeTheta { get; init; } = 10_000;

    /// <summary>Layers whose kind of attention differs; heads, windows and caps are the same everywhere.</summary>
    public IReadOnlyList<AttentionOfLayers> Except { get; init; } = [];

    /// <summary>True where statistical top-k picks the keys.</summary>
    public bool HasTopk() => Kind.Traits().HasTopk;

    /// <summary>Coordinates of a head that make the scores of the softmax, the first ones.</summary>
    public int ScoredWidth() => Kind.Traits().HasPredictor ? PredictorDim : HeadDim;

    /// <summary>The attention of layer <paramref name="layer"/>, counted from 0.</summary>
    public AttentionConfig Of(int layer) => Except.FirstOrDefault(e => e.Holds(layer)) is { } e ? With(e) : this;

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
        if (!Kind.Traits().HasPredictor && HeadDim % 2 != 0)
            yield return new($"is {HeadDim}; rotary embedding turns pairs, so it must be even.", [nameof(HeadDim)]);
        if (Kind.Traits().HasPredictor && (PredictorDim < 2 || PredictorDim >= HeadDim || PredictorDim % 2 != 0 || HeadDim % 2 != 0))
            yield return new($"is {PredictorDim}; with Kind = {Kind} it must be even, from 2 to HeadDim − 2 = {HeadDim - 2}, and HeadDim even (the paper: half of HeadDim).", [nameof(PredictorDim)]);
        if (!Kind.Traits().HasPredictor && PredictorDim != 0)
            yield return new($"is {PredictorDim}; Kind = {Kind} has no predictor, so leave it out.", [nameof(PredictorDim)]);
        foreach (var e in Except)
            foreach (var problem in With(e).Validate(validationContext).Where(p => !p.MemberNames.Contains(nameof(NumKvHeads))))
                yield return new($"from layer {e.FirstLayer} to {e.LastLayer}: {problem.MemberNames.Single()} {problem.ErrorMessage}", [nameof(Except)]);
    }

    private AttentionConfig With(AttentionOfLayers e) => this with { Kind = e.Kind, PredictorDim = e.PredictorDim, Active = e.Active, Except = [] };
}

/// <summary>Layers whose attention differs from that of the others.</summary>
public sealed record AttentionOfLayers : LayerRange
{
    /// <summary>Their kind: Dense, Topk or Spark.</summary>
    public required AttentionKind Kind { get; init; }

    /// <summary>Coordinates of a head that their predictor reads (Spark only; 0 elsewhere).</summary>
    [Range(0, 65_536)]
    public int PredictorDim { get; init; }

    /// <summary>Keys that their statistical top-k aims to keep per query (Topk and Spark; 0 elsewhere).</summary>
    [Range(0, 16_777_216)]
    public int Active { get; init; }
}
