using SparkTrain.Native;

namespace SparkTrain.Kernels;

/// <summary>Fused kernels for float32 activations on the CPU; what they have no kernel for is composed.</summary>
internal sealed class CpuKernels : KernelSet
{
    private const int Chunk = 1 << 28;

    /// <inheritdoc/>
    public override Tensor Linear(Tensor x_NI, Tensor w_OI, ScalarType computeDtype) => LinearKernel.Apply(x_NI, w_OI, computeDtype == ScalarType.BFloat16);

    /// <inheritdoc/>
    public override Tensor RmsNorm(Tensor x_ND, Tensor w_D, double eps) => RmsNormKernel.Apply(x_ND, w_D, eps);

    /// <inheritdoc/>
    public override Tensor Gate(Tensor s_NF, Tensor u_NF, TopkRule rule, Tensor? active_N = null) =>
        rule.IsPlain ? SparkGateKernel.Apply(s_NF, u_NF, rule.Active, rule.Correction, active_N) : base.Gate(s_NF, u_NF, rule, active_N);

    /// <inheritdoc/>
    protected override Tensor Activated(Tensor s_NF, Tensor u_NF, ActivationKind activation) => GatedActivationKernel.Apply(s_NF, u_NF, activation);

    /// <inheritdoc/>
    public override Tensor Topk(Tensor x_NF, int k, int correction) => StatisticalTopKKernel.Apply(x_NF, k, correction);

    /// <inheritdoc/>
    public override Tensor Attention(Tensor q_BTHE, Tensor k_BSGE, Tensor v_BSGE, AttentionShape shape, Tensor? documentIds_BS, Tensor? kept_BHT = null, Tensor? touched_BHT = null) =>
        shape.Selector == TopkSelector.Statistical
            ? AttentionKernel.Apply(q_BTHE, k_BSGE, v_BSGE, shape, documentIds_BS, kept_BHT, touched_BHT)
            : base.Attention(q_BTHE, k_BSGE, v_BSGE, shape, documentIds_BS, kept_BHT, touched_BHT);

    /// <inheritdoc/>
    public override Tensor Rotate(Tensor x_BTHE, RotaryEmbedding rotary, int firstPosition, double scale = 1) => RotaryKernel.Apply(x_BTHE, firstPosition, rotary.PredictorDim, rotary.Theta, scale);

    /// <inheritdoc/>
    public override Tensor CrossEntropy(Tensor h_ND, Tensor embed_VD, Tensor targets_N, double? softcap, ScalarType computeDtype) =>
        CrossEntropyKernel.Apply(h_ND, embed_VD, targets_N, softcap, computeDtype == ScalarType.BFloat16);

    /// <inheritdoc/>
    public override void AdamW(Tensor weight, Tensor g, Tensor m, Tensor v, AdamWUpdate update) => AdamWKernel.Step(weight, g, m, v, update);

    /// <inheritdoc/>
    public override double[] SumsOfSquares(Tensor g, long blockLength) => GradNormKernel.SumsOfSquares(g, blockLength);

    // Not libtorch's addition: this may run on a communication thread, where libtorch would wake a second team of threads.
    /// <inheritdoc/>
    public override unsafe void AddInto(Tensor target, Tensor source)
    {
        using var memory = new TensorMemory();
        float* from = memory.Float32(source), to = memory.Float32(target);
        for (long at = 0, count = target.numel(); at < count; at += Chunk) VectorMath.Add(from + at, (int)Math.Min(Chunk, count - at), to + at);
    }
}
