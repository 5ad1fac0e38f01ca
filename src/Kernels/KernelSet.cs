namespace SparkTrain.Kernels;

/// <summary>
/// Every operator that a model and its training step are made of, in one form: here composed from libtorch's own operations, for any type on any device. A
/// device overrides what it does better; both forms give the same numbers up to rounding and are tested against the same goldens. Chosen once, for a model.
/// </summary>
public abstract class KernelSet
{
    // Shapes: N rows (any leading dimensions), D model, F hidden, V vocabulary; of attention B batch, T query, S key, H query head, G key/value head, E head.

    /// <summary>The composed forms, for any type and device.</summary>
    public static KernelSet Composed { get; } = new ComposedKernels();

    /// <summary>Fused kernels over float32 activations on the CPU.</summary>
    public static KernelSet Cpu { get; } = new CpuKernels();

    /// <summary>Returns the fastest form for activations of a type on a device.</summary>
    /// <param name="device">Where they live.</param>
    /// <param name="activations">Their type: float32 or float64.</param>
    public static KernelSet For(Device device, ScalarType activations) => device.type == DeviceType.CPU && activations == ScalarType.Float32 ? Cpu : Composed;

    /// <summary>Returns y = x Wᵀ, [N, O], in the type of x; both factors are rounded to <paramref name="computeDtype"/> first.</summary>
    /// <param name="x_NI">Inputs.</param>
    /// <param name="w_OI">Weights.</param>
    /// <param name="computeDtype">Type of the product.</param>
    public virtual Tensor Linear(Tensor x_NI, Tensor w_OI, ScalarType computeDtype) => ComposedLinear.Apply(x_NI, w_OI, computeDtype);

    /// <summary>Returns y = x / √(mean(x²) + ε) ∘ (1 + w), [N, D], in the type of x: the norm as Gemma-2 defines it.</summary>
    public virtual Tensor RmsNorm(Tensor x_ND, Tensor w_D, double eps) => ComposedRmsNorm.Apply(x_ND, w_D, eps);

    /// <summary>Returns h = gelu(topk(s)) ∘ u, [N, F], in the type of s: the middle of Spark FFN (paper eq. 5) and of the top-k gated FFN (eq. C.2). Entries that top-k drops are exactly 0.</summary>
    /// <param name="s_NF">Scores, K1ᵀq[:r].</param>
    /// <param name="u_NF">Values, K2ᵀq[r:].</param>
    /// <param name="rule">How many neurons a row aims to keep, and how they are picked.</param>
    /// <param name="active_N">int32, receives the number of neurons with topk(s) &gt; 0 of each row (F where nothing is dropped); null costs nothing.</param>
    public virtual Tensor Gate(Tensor s_NF, Tensor u_NF, TopkRule rule, Tensor? active_N = null) => ComposedGate.Apply(s_NF, u_NF, rule, active_N);

    /// <summary>Returns h = σ(s) ∘ u, [N, F], in the type of s: the middle of a gated FFN (paper eq. 2).</summary>
    /// <param name="s_NF">Scores, K1ᵀq.</param>
    /// <param name="u_NF">Values, K2ᵀq.</param>
    /// <param name="activation">σ.</param>
    /// <param name="active_N">int32, receives the number of neurons of each row that σ does not make 0 whatever their score; null costs nothing.</param>
    public Tensor Activate(Tensor s_NF, Tensor u_NF, ActivationKind activation, Tensor? active_N = null)
    {
        if (!activation.IsZeroBelow()) active_N?.fill_(s_NF.size(-1));
        else if (active_N is not null) ActivityCounts.CountPositive(s_NF, active_N);
        return Activated(s_NF, u_NF, activation);
    }

    /// <summary>As <see cref="Activate"/>, without counting.</summary>
    protected virtual Tensor Activated(Tensor s_NF, Tensor u_NF, ActivationKind activation) => ComposedActivation.Apply(s_NF, u_NF, activation);

    /// <summary>Returns y = max(x − θ, 0) with θ = mean(x) + std(x)·Q(1 − k/F), [N, F]: statistical top-k (paper eq. 9-11). k ≥ F switches it off.</summary>
    /// <param name="x_NF">The scores.</param>
    /// <param name="k">Entries that a row aims to keep, at least 1.</param>
    /// <param name="correction">The variance divides by F − correction: 1 is the paper's, 0 Gemma 3n's.</param>
    public virtual Tensor Topk(Tensor x_NF, int k, int correction) => StatisticalTopK.Composed(x_NF, k, correction);

    /// <summary>Returns y = max(x − θ, 0), [N, F], of scores in float32 or float64, with θ as a rule says.</summary>
    public Tensor Pick(Tensor x_NF, TopkRule rule) => rule.IsPlain ? Topk(x_NF, rule.Active, rule.Correction) : rule.Composed(x_NF);

    /// <summary>
    /// Returns attention of rotated queries to rotated keys, o [B, T, H, E], in the type of the queries; scores, statistics and softmax are float32. Dense: V softmax(a), a = softcap(Kᵀq).
    /// Topk (paper eq. C.4): the softmax runs over the kept keys. Spark (eq. 7): a = softcap(K1ᵀq[:r]) picks the keys and feeds the softmax, and each weight is multiplied by softplus(K2ᵀq[r:]).
    /// </summary>
    /// <param name="q_BTHE">Queries, rotated and scaled.</param>
    /// <param name="k_BSGE">Keys, rotated.</param>
    /// <param name="v_BSGE">Values.</param>
    /// <param name="shape">Kind, limits and the queries' place among the keys.</param>
    /// <param name="documentIds_BS">Keys are visible within their own document only; null means one document a row.</param>
    /// <param name="kept_BHT">int32, receives the number of keys that each query keeps; null costs nothing.</param>
    /// <param name="touched_BHT">int32, receives the number of visible keys that each query computes with once the kept ones are known; null costs nothing.</param>
    public virtual Tensor Attention(Tensor q_BTHE, Tensor k_BSGE, Tensor v_BSGE, AttentionShape shape, Tensor? documentIds_BS, Tensor? kept_BHT = null, Tensor? touched_BHT = null) =>
        BlockedAttention.Apply(q_BTHE, k_BSGE, v_BSGE, shape, documentIds_BS, kept_BHT, touched_BHT);

    /// <summary>Returns x [B, T, H, E] rotated, times <paramref name="scale"/>; entry t stands at position <paramref name="firstPosition"/> + t.</summary>
    public virtual Tensor Rotate(Tensor x_BTHE, RotaryEmbedding rotary, int firstPosition, double scale = 1) => rotary.Composed(x_BTHE, firstPosition, scale);

    /// <summary>Returns logits z = softcap(h Eᵀ), [N, V], in float32 (float64 for float64 input): the tied output layer.</summary>
    public Tensor Logits(Tensor h_ND, Tensor embed_VD, double? softcap, ScalarType computeDtype)
    {
        using var scope = NewDisposeScope();
        var z_NV = Linear(h_ND, embed_VD, computeDtype).to(Precision.OfStatistics(h_ND.dtype));
        return Softcap.Apply(z_NV, softcap).MoveToOuterDisposeScope();
    }

    /// <summary>Returns the summed next-token loss in nats, a scalar: L = Σ (log Σ exp z − z[target]) with z of <see cref="Logits"/>, over the rows whose target is not <see cref="ComposedCrossEntropy.Ignored"/>. Rows are taken in chunks, so that nothing of size [N, V] is held.</summary>
    /// <param name="h_ND">Hidden states after the final norm.</param>
    /// <param name="embed_VD">The tied embedding table.</param>
    /// <param name="targets_N">int64 token ids.</param>
    /// <param name="softcap">Logits become c·tanh(z / c); null leaves them.</param>
    /// <param name="computeDtype">Type of the products.</param>
    public virtual Tensor CrossEntropy(Tensor h_ND, Tensor embed_VD, Tensor targets_N, double? softcap, ScalarType computeDtype) =>
        ChunkedCrossEntropy.Run(this, h_ND, embed_VD, targets_N, softcap, computeDtype);

    /// <summary>Returns the loss of each row, [N], without a gradient; 0 where the target is <see cref="ComposedCrossEntropy.Ignored"/>.</summary>
    public Tensor CrossEntropyOfRows(Tensor h_ND, Tensor embed_VD, Tensor targets_N, double? softcap, ScalarType computeDtype) =>
        ComposedCrossEntropy.OfRows(this, h_ND, embed_VD, targets_N, softcap, computeDtype);

    /// <summary>Updates weights and moments, flat and of one size, by AdamW (Loshchilov and Hutter, arXiv 1711.05101).</summary>
    /// <param name="weight">θ, updated.</param>
    /// <param name="g">Gradients, only read.</param>
    /// <param name="m">First moments, updated.</param>
    /// <param name="v">Second moments, updated.</param>
    /// <param name="update">The numbers of this update.</param>
    public virtual void AdamW(Tensor weight, Tensor g, Tensor m, Tensor v, AdamWUpdate update) => ComposedAdamW.Step(weight, g, m, v, update);

    /// <summary>Returns Σ g² of every block of a flat tensor in float64; the last block may be shorter. Added in their order they give the same bits for any number of threads or ranks.</summary>
    /// <param name="g">A contiguous float32 tensor.</param>
    /// <param name="blockLength">Elements of a block.</param>
    public virtual double[] SumsOfSquares(Tensor g, long blockLength) => ComposedSums.OfSquares(g, blockLength);

    /// <summary>Adds <paramref name="source"/> to <paramref name="target"/>, flat float32 tensors of one size.</summary>
    public virtual void AddInto(Tensor target, Tensor source) => target.add_(source);
}
