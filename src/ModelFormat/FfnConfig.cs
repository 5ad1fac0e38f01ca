using System.ComponentModel.DataAnnotations;

namespace SparkTrain.ModelFormat;

/// <summary>The feed-forward network: kind, width and sparsity.</summary>
public sealed record FfnConfig : IValidatableObject
{
    /// <summary>Which feed-forward network.</summary>
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

    /// <summary>Smooths the corner of top-k's soft threshold: its output y becomes Huber(y; δ)/δ (paper eq. 13-14); 0, as in the paper's runs, leaves it.</summary>
    [Range(0.0, 1e3)]
    public double HuberDelta { get; init; }

    /// <summary>Layers whose network differs, for example dense ones behind ten sparse ones.</summary>
    public IReadOnlyList<FfnOfLayers> Except { get; init; } = [];

    /// <summary>True where statistical top-k picks the neurons.</summary>
    public bool HasTopk() => Kind.Traits().HasTopk;

    /// <summary>Coordinates of the input that the scores come from, the first ones.</summary>
    /// <param name="width">Width of the input, d_model.</param>
    public int ScoredWidth(int width) => Kind.Traits().HasPredictor ? PredictorDim : width;

    /// <summary>Coordinates of the input that what the scores are multiplied by comes from, the last ones.</summary>
    /// <param name="width">Width of the input, d_model.</param>
    public int CarriedWidth(int width) => Kind.Traits().HasPredictor ? width - PredictorDim : width;

    /// <summary>The network of layer <paramref name="layer"/>, counted from 0.</summary>
    public FfnConfig Of(int layer) => Except.FirstOrDefault(e => e.Holds(layer)) is { } e ? With(e) : this;

    private FfnConfig With(FfnOfLayers e) => this with { Kind = e.Kind, DFf = e.DFf ?? DFf, PredictorDim = e.PredictorDim, Active = e.Active, HuberDelta = e.HuberDelta, Except = [] };

    /// <summary>Rules that span several keys.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (HasTopk() && (Active < 1 || Active > DFf))
            yield return new($"is {Active}; with Kind = {Kind} it must be from 1 to DFf = {DFf} (the paper keeps 8 %: {Math.Max(1, (int)Math.Round(0.08 * DFf))}).", [nameof(Active)]);
        if (!HasTopk() && Active != 0)
            yield return new($"is {Active}; Kind = {Kind} selects nothing, so leave it out.", [nameof(Active)]);
        if (Kind.Traits().HasPredictor && PredictorDim < 1)
            yield return new($"is {PredictorDim}; Kind = {Kind} needs at least 1 (the paper: nearly half of DModel).", [nameof(PredictorDim)]);
        if (!Kind.Traits().HasPredictor && PredictorDim != 0)
            yield return new($"is {PredictorDim}; Kind = {Kind} has no predictor, so leave it out.", [nameof(PredictorDim)]);
        if (!HasTopk() && HuberDelta != 0)
            yield return new($"is {HuberDelta}; Kind = {Kind} has no top-k to smooth, so leave it out.", [nameof(HuberDelta)]);
        foreach (var e in Except)
            foreach (var problem in With(e).Validate(validationContext))
                yield return new($"from layer {e.FirstLayer} to {e.LastLayer}: {problem.MemberNames.Single()} {problem.ErrorMessage}", [nameof(Except)]);
    }
}

/// <summary>Layers whose feed-forward network differs from that of the others.</summary>
public sealed record FfnOfLayers : LayerRange
{
    /// <summary>Their kind.</summary>
    public required FfnKind Kind { get; init; }

    /// <summary>Their number of hidden neurons; null means as many as the others.</summary>
    [Range(1, 16_777_216)]
    public int? DFf { get; init; }

    /// <summary>Coordinates that their predictor reads (Spark only; 0 elsewhere).</summary>
    [Range(0, 1_048_576)]
    public int PredictorDim { get; init; }

    /// <summary>Neurons that their statistical top-k aims to keep (GatedTopk and Spark; 0 elsewhere).</summary>
    [Range(0, 16_777_216)]
    public int Active { get; init; }

    /// <summary>Their δ of Huber smoothing; 0 leaves the soft threshold as it is.</summary>
    [Range(0.0, 1e3)]
    public double HuberDelta { get; init; }
}
