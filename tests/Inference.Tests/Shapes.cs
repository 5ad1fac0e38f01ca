namespace SparkTrain.Inference.Tests;

/// <summary>Models small enough for a test of a second, and large enough for several panels.</summary>
internal static class Shapes
{
    public static readonly ModelConfig Spark = new()
    {
        VocabSize = 71, DModel = 40, NumLayers = 2, MaxSeqLen = 64,
        Ffn = new() { Kind = FfnKind.Spark, DFf = 100, PredictorDim = 18, Active = 9 },
        Attention = new() { Kind = AttentionKind.Spark, NumHeads = 4, NumKvHeads = 2, HeadDim = 12, PredictorDim = 6, Active = 4, Window = 6 },
    };

    /// <summary>Every kind of network and of attention at least once.</summary>
    public static TheoryData<FfnKind, AttentionKind> Kinds => new([(FfnKind.Gated, AttentionKind.Dense), (FfnKind.GatedRelu, AttentionKind.Topk), (FfnKind.GatedRelu2, AttentionKind.Spark), (FfnKind.GatedTopk, AttentionKind.Topk), (FfnKind.Spark, AttentionKind.Spark)]);

    public static ModelConfig Of(FfnKind ffn, AttentionKind attention) => Spark with
    {
        Ffn = new() { Kind = ffn, DFf = 100, PredictorDim = ffn == FfnKind.Spark ? 18 : 0, Active = ffn is FfnKind.Spark or FfnKind.GatedTopk ? 9 : 0 },
        Attention = Spark.Attention with { Kind = attention, PredictorDim = attention == AttentionKind.Spark ? 6 : 0, Active = attention == AttentionKind.Dense ? 0 : 4 },
    };
}
