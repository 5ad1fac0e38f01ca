namespace SparkTrain.Model;

/// <summary>
/// A decoder: x₀ = √d_model · E[tokens], x_{l+1} = block_l(x_l), z = softcap(norm(x_L) Hᵀ) with the head H = E where it is tied.
/// By its configuration a Spark Transformer (You et al., 2025), Gemma-2 itself, or a relative of them.
/// </summary>
public sealed class Transformer : nn.Module<Tensor, Tensor?, Tensor>
{
    // Shapes: B batch, T position, D model, V vocabulary.

    private readonly TokenEmbedding embedding;
    private readonly ModuleList<Block> blocks;
    private readonly Norm finalNorm;
    private readonly Parameter head_VD;
    private readonly Dictionary<int, RotaryEmbedding> rotaryOfPredictor = [];

    /// <summary>Creates a model whose weights hold no values yet; <see cref="WeightInit"/> or <see cref="ModelWeights"/> fills them.</summary>
    public Transformer(ModelConfig config, ComputeOptions options) : base(nameof(Transformer))
    {
        (Config, Options) = (config, options);
        register_module("embed_tokens", embedding = new TokenEmbedding(config, options));
        register_module("layers", blocks = new([.. Enumerable.Range(0, config.NumLayers).Select(layer => new Block(config, layer, Rotary(config.Attention.Of(layer)), options))]));
        register_module("norm", finalNorm = Norm.Of(config, options));
        head_VD = embedding.Table_VD;
        if (!config.Embedding.TiedHead) register_parameter("lm_head", head_VD = new Parameter(empty(config.VocabSize, config.DModel, options.MasterDtype, options.Device)));
        (WeightRole Role, Parameter Weight)[] outer = [(WeightRole.Embedding, embedding.Table_VD), (WeightRole.FinalNorm, finalNorm.Weight), (WeightRole.Head, head_VD)];
        Weights = [.. WeightSlots.Of(config).Select(slot => (slot, (slot.Layer is { } layer ? blocks[layer].Weights : outer).Single(w => w.Role == slot.Role).Weight))];
    }

    /// <summary>The model's shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>How the model computes.</summary>
    public ComputeOptions Options { get; }

    /// <summary>Every weight with what it is for, in the order of the forward pass.</summary>
    public IReadOnlyList<(WeightSlot Slot, Parameter Weight)> Weights { get; }

    /// <summary>Returns logits z [B, T, V].</summary>
    /// <param name="tokens_BT">int64 token ids.</param>
    /// <param name="documentIds_BT">int64; attention stays within a document. Null means one document a row.</param>
    /// <exception cref="ArgumentException">A shape, type or length does not fit.</exception>
    public override Tensor forward(Tensor tokens_BT, Tensor? documentIds_BT)
    {
        using var scope = NewDisposeScope();
        return Logits(Hidden(tokens_BT, new(documentIds_BT, null))).MoveToOuterDisposeScope();
    }

    /// <summary>Returns logits [B, T, V] of the tokens that follow those in <paramref name="cache"/>, and appends them to it. Computes no gradient.</summary>
    /// <param name="tokens_BT">int64 token ids.</param>
    /// <param name="cache">Keys and values of the tokens before.</param>
    /// <param name="lastOnly">True returns the logits of the last token only, [B, 1, V].</param>
    /// <exception cref="ArgumentException">A shape or type does not fit, or the cache is full.</exception>
    public Tensor Decode(Tensor tokens_BT, KeyValueCache cache, bool lastOnly = false) => Decode(tokens_BT, [cache], lastOnly);

    /// <summary>The same for sequences of different lengths side by side: each cache holds one row of <paramref name="tokens_BT"/>, or several rows of equal length, in the order of the rows.</summary>
    /// <exception cref="ArgumentException">A shape or type does not fit, or a cache is full.</exception>
    public Tensor Decode(Tensor tokens_BT, IReadOnlyList<KeyValueCache> caches, bool lastOnly = false)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var h_BTD = Hidden(tokens_BT, new(null, caches));
        var z_BTV = Logits(lastOnly ? h_BTD[.., ^1..] : h_BTD);
        foreach (var cache in caches) cache.Advance((int)tokens_BT.size(1));
        return z_BTV.MoveToOuterDisposeScope();
    }

    /// <summary>Returns the summed next-token cross-entropy. Targets across a document border and at the last position are left out.</summary>
    /// <exception cref="ArgumentException">A shape, type or length does not fit.</exception>
    public LossSum Loss(Tensor tokens_BT, Tensor? documentIds_BT = null)
    {
        using var scope = NewDisposeScope();
        var (nats, targets) = Loss(tokens_BT, NextTokenTargets.Of(tokens_BT, documentIds_BT), documentIds_BT);
        return new(nats.MoveToOuterDisposeScope(), targets);
    }

    /// <summary>Returns the summed cross-entropy against given targets [B, T]; <see cref="ComposedCrossEntropy.Ignored"/> leaves a position out.</summary>
    /// <exception cref="ArgumentException">A shape, type or length does not fit.</exception>
    public LossSum Loss(Tensor tokens_BT, Tensor targets_BT, Tensor? documentIds_BT)
    {
        using var scope = NewDisposeScope();
        var h_BTD = Hidden(tokens_BT, new(documentIds_BT, null));
        var nats = Options.Kernels.CrossEntropy(h_BTD.flatten(0, 1), head_VD, targets_BT.flatten(), Config.FinalLogitSoftcap, Options.Dtype);
        long targets = targets_BT.ne(ComposedCrossEntropy.Ignored).sum().item<long>();
        return new(nats.MoveToOuterDisposeScope(), targets);
    }

    /// <summary>Returns [B, T − 1]: the natural-log probability of each token but the first, given those before it. Computes no gradient.</summary>
    /// <exception cref="ArgumentException">A shape, type or length does not fit.</exception>
    public Tensor LogProbs(Tensor tokens_BT, Tensor? documentIds_BT = null)
    {
        using var scope = NewDisposeScope();
        return LogProbs(tokens_BT, NextTokenTargets.Of(tokens_BT, null), documentIds_BT)[.., ..^1].MoveToOuterDisposeScope();
    }

    /// <summary>Returns [B, T]: the natural-log probability of a given target at each position. Computes no gradient.</summary>
    /// <exception cref="ArgumentException">A shape, type or length does not fit.</exception>
    public Tensor LogProbs(Tensor tokens_BT, Tensor targets_BT, Tensor? documentIds_BT)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var h_BTD = Hidden(tokens_BT, new(documentIds_BT, null));
        var loss_N = Options.Kernels.CrossEntropyOfRows(h_BTD.flatten(0, 1), head_VD, targets_BT.flatten(), Config.FinalLogitSoftcap, Options.Dtype);
        return (-loss_N.view(tokens_BT.shape)).MoveToOuterDisposeScope();
    }

    /// <summary>Runs the blocks for the sake of what <see cref="ComputeOptions.Sparsity"/> and <see cref="ComputeOptions.Audit"/> record. Computes no gradient.</summary>
    /// <exception cref="ArgumentException">A shape, type or length does not fit.</exception>
    public void Observe(Tensor tokens_BT, Tensor? documentIds_BT)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Hidden(tokens_BT, new(documentIds_BT, null));
    }

    /// <summary>Frees the tables that are no weights.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            foreach (var rotary in rotaryOfPredictor.Values) rotary.Dispose();
        base.Dispose(disposing);
    }

    // Layers with predictors of one width, or with none, share their tables.
    private RotaryEmbedding Rotary(AttentionConfig attention) =>
        rotaryOfPredictor.TryGetValue(attention.PredictorDim, out var known) ? known : rotaryOfPredictor[attention.PredictorDim] = new RotaryEmbedding(attention, Options.MasterDtype, Options.Device);

    private Tensor Hidden(Tensor tokens_BT, SequenceContext context)
    {
        CheckInputs(tokens_BT, context);
        var x_BTD = embedding.call(tokens_BT);
        foreach (var (layer, block) in blocks.Index())
        {
            if (Options.BlockBackwardDone is { } done && is_grad_enabled()) x_BTD = BackwardMark.Apply(x_BTD, () => done(layer));
            // Without gradients nothing else holds a block's input, so it can go at once.
            using var input_BTD = x_BTD;
            x_BTD = block.call(input_BTD, context);
        }
        return finalNorm.call(x_BTD);
    }

    private Tensor Logits(Tensor h_BTD) => Options.Kernels.Logits(h_BTD, head_VD, Config.FinalLogitSoftcap, Options.Dtype);

    private void CheckInputs(Tensor tokens_BT, SequenceContext context)
    {
        if (tokens_BT.dim() != 2 || tokens_BT.dtype != ScalarType.Int64)
            throw new ArgumentException($"tokens are {tokens_BT.dtype} {TensorInfo.Text(tokens_BT.shape)}; expected int64 [batch, positions]", nameof(tokens_BT));
        if (context.Caches is { } caches)
        {
            if (caches.Sum(c => c.Batch) is var rows && rows != tokens_BT.size(0))
                throw new ArgumentException($"there are {tokens_BT.size(0)} rows of tokens; expected {rows}, as the caches hold", nameof(tokens_BT));
            foreach (var cache in caches) CheckLength(cache.Length + tokens_BT.size(1), cache.Capacity, "the cache's capacity");
        }
        else CheckLength(tokens_BT.size(1), Config.MaxSeqLen, nameof(Config.MaxSeqLen));
        // On a GPU the look at the ids would make the processor wait; there libtorch's own check stops the process.
        if (Native.DeviceMemory.IsHost(tokens_BT.device) && tokens_BT.lt(0).logical_or(tokens_BT.ge(Config.VocabSize)).any().item<bool>())
            throw new ArgumentException($"the tokens range from {tokens_BT.min().item<long>()} to {tokens_BT.max().item<long>()}; expected 0 to {Config.VocabSize - 1} ({nameof(Config.VocabSize)} less one)", nameof(tokens_BT));
        if (context.DocumentIds_BT is { } documents && (documents.dtype != ScalarType.Int64 || !documents.shape.SequenceEqual(tokens_BT.shape)))
            throw new ArgumentException($"document ids are {documents.dtype} {TensorInfo.Text(documents.shape)}; expected int64 {TensorInfo.Text(tokens_BT.shape)}, as the tokens", nameof(context));

        void CheckLength(long length, long limit, string whose)
        {
            if (tokens_BT.size(1) < 1 || length > limit) throw new ArgumentException($"the sequence has {length} tokens; expected 1 to {limit} ({whose})", nameof(tokens_BT));
        }
    }
}
