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

    /// <summary>What picks the active neurons and kept keys: Statistical (the paper), or Exact, which sorts and is for audits.</summary>
    public TopkSelector TopkSelector { get; init; }

    /// <summary>Rules that span several keys.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Ffn is null || Attention is null) yield break;
        if (Ffn.Kind.Traits().HasPredictor && Ffn.PredictorDim >= DModel)
            yield return Problem($"is {Ffn.PredictorDim}; the predictor reads the first PredictorDim of DModel = {DModel} coordinates, so it must be smaller.", "Ffn.PredictorDim");
        foreach (var exception in Ffn.Except.Where(e => e.PredictorDim >= DModel))
            yield return Problem($"has a PredictorDim of {exception.PredictorDim}; it must be smaller than DModel = {DModel}.", "Ffn.Except");
        foreach (var (key, problem) in ((string, string?)[])[("Ffn.Except", LayerRange.Problem(Ffn.Except, NumLayers)), ("Attention.Except", LayerRange.Problem(Attention.Except, NumLayers))])
            if (problem is not null) yield return Problem(problem, key);
        if (Attention.Layers.Count > 0 && Attention.Layers.Count != NumLayers)
            yield return Problem($"has {Attention.Layers.Count} entries; give one per layer (NumLayers = {NumLayers}) or none.", "Attention.Layers");
    }

    private static ValidationResult Problem(string message, string key) => new(message, [key]);
}

/// <summary>How top-k finds its threshold.</summary>
public enum TopkSelector
{
    /// <summary>A threshold from mean and standard deviation: about k entries stay (paper eq. 9-11).</summary>
    Statistical,

    /// <summary>A threshold from sorting: exactly k entries stay, but for ties.</summary>
    Exact,
}
