namespace SparkTrain.ModelFormat;

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

/// <summary>What follows from a kind of attention.</summary>
/// <param name="Name">Its name in a model folder's config.json.</param>
/// <param name="HasTopk">True where statistical top-k picks the keys.</param>
/// <param name="HasPredictor">True where the first coordinates of a head pick the keys and feed the softmax, and the others feed a softplus.</param>
public sealed record AttentionTraits(string Name, bool HasTopk = false, bool HasPredictor = false);

/// <summary>The one table of kinds of attention.</summary>
public static class AttentionKinds
{
    /// <summary>Returns what follows from a kind.</summary>
    public static AttentionTraits Traits(this AttentionKind kind) => kind switch
    {
        AttentionKind.Dense => Dense,
        AttentionKind.Topk => Topk,
        AttentionKind.Spark => Spark,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "a kind of attention without a rule"),
    };

    private static AttentionTraits Dense { get; } = new("dense");
    private static AttentionTraits Topk { get; } = new("topk", HasTopk: true);
    private static AttentionTraits Spark { get; } = new("spark", HasTopk: true, HasPredictor: true);
}
