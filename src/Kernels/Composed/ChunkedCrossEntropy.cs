namespace SparkTrain.Kernels;

/// <summary>Cross-entropy whose gradients are computed in the forward pass, chunk by chunk, while the chunk's logits are at hand.</summary>
internal sealed class ChunkedCrossEntropy : autograd.SingleTensorFunction<ChunkedCrossEntropy>
{
    // Shapes: N rows, C rows of a chunk, D model, V vocabulary.

    public override string Name => nameof(ChunkedCrossEntropy);

    internal static Tensor Run(KernelSet kernels, Tensor h_ND, Tensor embed_VD, Tensor targets_N, double? softcap, ScalarType computeDtype)
    {
        bool learns = is_grad_enabled() && (h_ND.requires_grad || embed_VD.requires_grad);
        return apply(h_ND, embed_VD, targets_N, softcap ?? 0, computeDtype, learns, kernels);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        using var scope = NewDisposeScope();
        var (h_ND, embed_VD, targets_N) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2]);
        var (cap, computeDtype, learns) = ((double)vars[3], (ScalarType)vars[4], (bool)vars[5]);
        var kernels = (KernelSet)vars[6];
        double? softcap = cap > 0 ? cap : null;
        var loss = zeros([], ScalarType.Float64, h_ND.device);
        var dh_ND = learns ? zeros_like(h_ND) : null;
        var dembed_VD = learns ? zeros_like(embed_VD) : null;
        foreach (var chunk in ComposedCrossEntropy.Chunks(h_ND.size(0), embed_VD.size(0)))
        {
            using var chunkScope = NewDisposeScope();
            var (loss_C, z_CV, logSum_C1) = Forward(kernels, h_ND[chunk], embed_VD, targets_N[chunk], softcap, computeDtype);
            loss.add_(loss_C.sum(ScalarType.Float64));
            if (!learns) continue;
            var dz_CV = LogitGradient(z_CV, logSum_C1, targets_N[chunk], softcap).to(computeDtype);
            dh_ND![chunk] = MatrixProduct.Of(dz_CV, embed_VD.to(computeDtype)).to(h_ND.dtype);
            dembed_VD!.add_(MatrixProduct.Of(dz_CV.t(), h_ND[chunk].to(computeDtype)).to(embed_VD.dtype));
        }
        if (learns) ctx.save_for_backward([dh_ND!.MoveToOuterDisposeScope(), dembed_VD!.MoveToOuterDisposeScope()]);
        return loss.to(Precision.OfStatistics(h_ND.dtype)).MoveToOuterDisposeScope();
    }

    // An exception here would end the process; scaling in place allocates nothing that could fail.
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor scale)
    {
        var saved = ctx.get_saved_variables();
        return [saved[0].mul_(scale), saved[1].mul_(scale), null!, null!, null!, null!, null!];
    }

    /// <summary>Returns loss [C] (0 where left out), capped logits [C, V] and log Σ exp [C, 1].</summary>
    internal static (Tensor Loss_C, Tensor Z_CV, Tensor LogSum_C1) Forward(KernelSet kernels, Tensor h_CD, Tensor embed_VD, Tensor targets_C, double? softcap, ScalarType computeDtype)
    {
        var z_CV = kernels.Logits(h_CD, embed_VD, softcap, computeDtype);
        var logSum_C1 = z_CV.logsumexp(-1, keepdim: true);
        var targets_C1 = targets_C.clamp_min(0).unsqueeze(-1);
        var loss_C = (logSum_C1 - z_CV.gather(-1, targets_C1)).squeeze(-1).masked_fill(targets_C.eq(ComposedCrossEntropy.Ignored), 0);
        return (loss_C, z_CV, logSum_C1);
    }

    /// <summary>dL/dz before the cap: (softmax(z) − onehot) ∘ (1 − (z/c)²), zero in rows that are left out.</summary>
    private static Tensor LogitGradient(Tensor z_CV, Tensor logSum_C1, Tensor targets_C, double? softcap)
    {
        var targets_C1 = targets_C.clamp_min(0).unsqueeze(-1);
        var dz_CV = (z_CV - logSum_C1).exp_();
        dz_CV.scatter_add_(-1, targets_C1, full_like(targets_C1, -1, dz_CV.dtype));
        if (softcap is { } c) dz_CV.mul_(1 - (z_CV / c).square());
        return dz_CV.masked_fill_(targets_C.eq(ComposedCrossEntropy.Ignored).unsqueeze(-1), 0);
    }
}
