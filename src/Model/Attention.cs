namespace SparkTrain.Model;

/// <summary>
/// Self-attention of one layer, o = W_O · heads(W_Q x, W_K x, W_V x): dense (Gemma-2), top-k (paper eq. C.4) or Spark (eq. 7), as the configuration says.
/// All three have the same weights; Spark splits each head into a predictor of r coordinates and the rest.
/// </summary>
public sealed class Attention : nn.Module<Tensor, SequenceContext, Tensor>
{
    // Shapes: B batch, T position, S key, D model, H query head, G key/value head, E head width, I all heads side by side.

    private readonly int layer;
    private readonly AttentionConfig config;
    private readonly AttentionShape shape;
    private readonly RotaryEmbedding rotary;
    private readonly ComputeOptions options;
    private readonly Linear wQ, wK, wV, wO;

    /// <summary>Creates the attention of layer <paramref name="layer"/>, counted from 0.</summary>
    public Attention(ModelConfig model, int layer, RotaryEmbedding rotary, ComputeOptions options) : base(nameof(Attention))
    {
        config = model.Attention.Of(layer);
        (this.layer, this.rotary, this.options) = (layer, rotary, options);
        shape = new AttentionShape
        {
            Kind = config.Kind, PredictorDim = config.PredictorDim, Correction = model.TopkStdCorrection, Selector = model.TopkSelector,
            Softcap = config.LogitSoftcap, Window = config.WindowOf(layer),
        };
        long width = (long)config.NumHeads * config.HeadDim, kvWidth = (long)config.NumKvHeads * config.HeadDim;
        register_module("q_proj", wQ = new Linear(model.DModel, width, model.Bias, options));
        register_module("k_proj", wK = new Linear(model.DModel, kvWidth, model.Bias, options));
        register_module("v_proj", wV = new Linear(model.DModel, kvWidth, model.Bias, options));
        register_module("o_proj", wO = new Linear(width, model.DModel, model.Bias, options));
    }

    /// <summary>Its weights.</summary>
    public IReadOnlyList<(WeightRole Role, Parameter Weight)> Weights =>
    [
        .. wQ.Weights(WeightRole.Query, WeightRole.QueryBias), .. wK.Weights(WeightRole.Key, WeightRole.KeyBias), .. wV.Weights(WeightRole.Value, WeightRole.ValueBias),
        .. wO.Weights(WeightRole.AttentionOutput, WeightRole.AttentionOutputBias),
    ];

    /// <summary>Returns o [B, T, D].</summary>
    public override Tensor forward(Tensor x_BTD, SequenceContext context)
    {
        using var scope = NewDisposeScope();
        var (q_BTHE, k_BTGE, v_BTGE) = (Heads(wQ.call(x_BTD)), Heads(wK.call(x_BTD)), Heads(wV.call(x_BTD)));
        var counts_2BHT = options.Sparsity?.NewCounts([2, q_BTHE.size(0), config.NumHeads, q_BTHE.size(1)], x_BTD.device);
        var o_BTHE = context.Caches is { Count: > 1 } caches
            ? ByCache(q_BTHE, k_BTGE, v_BTGE, caches, counts_2BHT)
            : Attend(q_BTHE, k_BTGE, v_BTGE, context.Caches?[0], context.DocumentIds_BT, counts_2BHT);
        if (counts_2BHT is not null) options.Sparsity!.AddKeys(layer, counts_2BHT[0], counts_2BHT[1]);
        return wO.call(o_BTHE.flatten(2)).MoveToOuterDisposeScope();
    }

    // Sequences of different lengths have their own positions and keys; everything else computes all rows at once.
    private Tensor ByCache(Tensor q_BTHE, Tensor k_BTGE, Tensor v_BTGE, IReadOnlyList<KeyValueCache> caches, Tensor? counts_2BHT)
    {
        var o = new List<Tensor>(caches.Count);
        long row = 0;
        foreach (var cache in caches)
        {
            Tensor Rows(Tensor all) => all.narrow(0, row, cache.Batch);
            o.Add(Attend(Rows(q_BTHE), Rows(k_BTGE), Rows(v_BTGE), cache, null, counts_2BHT?.narrow(1, row, cache.Batch)));
            row += cache.Batch;
        }
        return cat(o, 0);
    }

    private Tensor Attend(Tensor q_BTHE, Tensor k_BTGE, Tensor v_BTGE, KeyValueCache? cache, Tensor? documentIds_BT, Tensor? counts_2BHT)
    {
        int position = cache?.Length ?? 0, first = 0;
        q_BTHE = options.Kernels.Rotate(q_BTHE, rotary, position, config.QueryScale());
        var (k_BSGE, v_BSGE) = (options.Kernels.Rotate(k_BTGE, rotary, position), v_BTGE);
        if (cache is not null) (k_BSGE, v_BSGE, first) = cache.Append(layer, k_BSGE, v_BSGE);
        var now = options.Level.Of(config, shape) with { FirstPosition = first };
        options.Audit?.AddAttention(layer, q_BTHE, k_BSGE, now, documentIds_BT);
        return options.Kernels.Attention(q_BTHE, k_BSGE, v_BSGE, now, documentIds_BT, counts_2BHT?[0], counts_2BHT?[1]);
    }

    private Tensor Heads(Tensor x_BTI) => x_BTI.view(x_BTI.size(0), x_BTI.size(1), -1, config.HeadDim);
}
