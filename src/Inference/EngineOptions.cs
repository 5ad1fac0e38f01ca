using SparkTrain.ModelFormat;

namespace SparkTrain.Inference;

/// <summary>How the engine holds and computes a model.</summary>
public sealed record EngineOptions
{
    /// <summary>Threads; 0 means one for every core. Their number changes no bit of any result.</summary>
    public int Threads { get; init; }

    /// <summary>What matrices are held in: F32 or BF16, each weight rounded once; null keeps BF16 and F32 as they are and widens F16. Arithmetic is float32 always.</summary>
    public TensorType? Weights { get; init; }

    /// <summary>What keys and values are held in: F32 or BF16; null means as the weights.</summary>
    public TensorType? Cache { get; init; }

    /// <summary>Holds the FFN's predictor K1 in 8 bits: scores change by about half a percent of their spread, so some neurons near the threshold change sides.</summary>
    public bool Int8Predictor { get; init; }

    /// <summary>
    /// Computes logits from an 8-bit table first, and those that can be among the <see cref="ScreenedTokens"/> largest again from the full one: these have the same bits as without
    /// it, the others are approximate. 0 does without.
    /// </summary>
    public int ScreenedTokens { get; init; }

    /// <summary>False reads all neurons and keys, multiplying by zero what the masks drop: the same bits, for comparison.</summary>
    public bool Sparse { get; init; } = true;
}
