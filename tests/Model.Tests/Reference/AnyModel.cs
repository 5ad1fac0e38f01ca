namespace SparkTrain.Model.Tests.Reference;

/// <summary>Models and sequences of any shape that the configuration can say.</summary>
internal static class AnyModel
{
    private static readonly Gen<double?> Cap = Gen.Frequency((1, Gen.Const((double?)null)), (2, Gen.Double[0.5, 60].Select(c => (double?)c)));

    /// <summary>Odd widths, groups of heads of any size, any r and k, with and without caps, windows, exceptions.</summary>
    public static readonly Gen<ModelConfig> Config = UpTo(vocabulary: 40, width: 37, neurons: 70, halfHead: 10);

    /// <summary>The same, with matrices of several blocks of any kernel.</summary>
    public static readonly Gen<ModelConfig> WideConfig = UpTo(vocabulary: 300, width: 150, neurons: 400, halfHead: 40);

    /// <summary>The same, half of them with biases, which the decode engine lacks.</summary>
    public static Gen<ModelConfig> ConfigWithBias => from config in Config from bias in Gen.Bool select config with { Bias = bias };

    /// <summary>A sequence of 1 to 40 tokens, with the document of each or without.</summary>
    public static Gen<(long[] Tokens, long[]? Documents)> Sequence(ModelConfig config) =>
        from tokens in Gen.Long[0, config.VocabSize - 1].Array[1, 40] from borders in Gen.Double[0, 1].Array[40] from packed in Gen.Bool
        select (tokens, packed ? Documents(tokens.Length, borders) : null);

    private static Gen<ModelConfig> UpTo(int vocabulary, int width, int neurons, int halfHead) =>
        from rows in Gen.Int[2, vocabulary] from columns in Gen.Int[3, width] from layers in Gen.Int[1, 3]
        from ffn in Ffn(columns, neurons) from attention in Attention(halfHead) from finalCap in Cap from correction in Gen.Int[0, 1] from selector in Gen.Frequency((4, Gen.Const(TopkSelector.Statistical)), (1, Gen.Const(TopkSelector.Exact)))
        from otherFfn in Ffn(columns, neurons) from otherAttention in Attention(halfHead) from first in Gen.Int[0, 2] from last in Gen.Int[0, 2] from hasExceptions in Gen.Bool
        from placement in Gen.Enum<NormPlacement>() from eps in Gen.Double[1e-8, 1e-3] from scales in Gen.Bool from tied in Gen.Bool from allGlobal in Gen.Bool
        let excepted = hasExceptions && first <= last && last < layers
        select new ModelConfig
        {
            VocabSize = rows, DModel = columns, NumLayers = layers, MaxSeqLen = 64, FinalLogitSoftcap = finalCap, TopkStdCorrection = correction, TopkSelector = selector,
            Norm = new() { Eps = eps, Placement = placement }, Embedding = new() { ScaleByRootD = scales, TiedHead = tied },
            Ffn = ffn with { Except = excepted ? [new() { FirstLayer = first, LastLayer = last, Kind = otherFfn.Kind, DFf = otherFfn.DFf, PredictorDim = otherFfn.PredictorDim, Active = otherFfn.Active, HuberDelta = otherFfn.HuberDelta }] : [] },
            Attention = attention with { Window = allGlobal ? null : attention.Window, Layers = allGlobal ? [.. Enumerable.Repeat(AttentionSpan.Global, layers)] : [], Except = excepted && otherAttention.PredictorDim < attention.HeadDim ? [new() { FirstLayer = first, LastLayer = last, Kind = otherAttention.Kind, PredictorDim = otherAttention.PredictorDim, Active = otherAttention.Active }] : [] },
        };

    private static Gen<AttentionConfig> Attention(int widestHalf) =>
        from kind in Gen.Enum<AttentionKind>() from groups in Gen.Int[1, 3] from heads in Gen.Int[1, 3] from half in Gen.Int[1, widestHalf] from predictor in Gen.Int[1, widestHalf - 1]
        from active in Gen.Int[1, 45] from window in Gen.Int[1, 45] from cap in Cap from scalar in Gen.Double[0.5, 300] from spans in Gen.Bool from theta in Gen.Double[2, 20_000]
        let splits = kind == AttentionKind.Spark
        select new AttentionConfig
        {
            Kind = kind, NumKvHeads = groups, NumHeads = groups * heads, HeadDim = 2 * Math.Max(half, splits ? 2 : 1), PredictorDim = splits ? 2 * Math.Min(predictor, Math.Max(half, 2) - 1) : 0,
            Active = kind == AttentionKind.Dense ? 0 : active, Window = window, LogitSoftcap = cap, QueryPreAttnScalar = spans ? scalar : null, RopeTheta = theta,
        };

    private static Gen<FfnConfig> Ffn(int width, int most) =>
        from kind in Gen.Enum<FfnKind>() from neurons in Gen.Int[2, most] from predictor in Gen.Int[1, width - 1] from active in Gen.Int[1, most] from huber in Gen.Frequency((3, Gen.Const(0.0)), (1, Gen.Double[0.01, 2]))
        let topk = kind is FfnKind.Spark or FfnKind.GatedTopk
        select new FfnConfig { Kind = kind, DFf = neurons, PredictorDim = kind == FfnKind.Spark ? predictor : 0, Active = topk ? Math.Min(active, neurons) : 0, HuberDelta = topk ? huber : 0 };

    private static long[] Documents(int length, double[] borders)
    {
        long document = 0;
        return [.. Enumerable.Range(0, length).Select(t => borders[t] < 0.15 ? ++document : document)];
    }
}
