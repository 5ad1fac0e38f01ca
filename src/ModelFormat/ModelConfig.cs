using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;

namespace SparkTrain.ModelFormat;

/// <summary>The shape of a transformer: by default a Spark Transformer or its dense Gemma-2 baseline. Everything that computes the model reads this record.</summary>
public sealed record ModelConfig : IValidatableObject
{
    /// <summary>Rows of the embedding table, in tokens.</summary>
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

    /// <summary>The norms.</summary>
    public NormConfig Norm { get; init; } = new();

    /// <summary>What the model knows of the place of a token.</summary>
    public PositionConfig Position { get; init; } = new();

    /// <summary>The embedding table and the head.</summary>
    public EmbeddingConfig Embedding { get; init; } = new();

    /// <summary>True adds a bias to what each matrix of attention and feed-forward network gives.</summary>
    public bool Bias { get; init; }

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
        else if (Attention.Window is null && Enumerable.Range(0, NumLayers).FirstOrDefault(layer => Attention.SpanOf(layer) == AttentionSpan.Local, -1) is >= 0 and var local)
            yield return Problem($"is null or missing; layer {local} is Local, so give the keys that it sees (Gemma 2: 4096).", "Attention.Window");
    }

    /// <summary>Puts the keys of a section Model that an earlier version wrote to where this version has them.</summary>
    public static void MoveFormerKeys(JsonObject model)
    {
        if (!model.Remove("RmsNormEps", out var eps)) return;
        if (model[nameof(Norm)] is not JsonObject norm) model[nameof(Norm)] = norm = [];
        norm[nameof(Norm.Eps)] = eps;
    }

    /// <summary>Every section of the model, itself first; each has rules of its own.</summary>
    public IReadOnlyList<(string Path, object Section)> Sections() => [("", this), ("Ffn.", Ffn), ("Attention.", Attention), ("Norm.", Norm), ("Position.", Position), ("Embedding.", Embedding)];

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
