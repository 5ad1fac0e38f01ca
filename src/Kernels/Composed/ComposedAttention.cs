namespace SparkTrain.Kernels;

/// <summary>Attention of rotated queries to rotated keys, as <see cref="KernelSet.Attention"/>, of one block of queries.</summary>
internal static class ComposedAttention
{
    // Shapes: B batch, T query, S key, G key/value head, M query heads of a key/value head, H = G·M, E head, 1 broadcast.

    internal static Tensor Apply(Tensor q_BTHE, Tensor k_BSGE, Tensor v_BSGE, AttentionShape shape, Tensor? documentIds_BS, Tensor? kept_BHT)
    {
        using var scope = NewDisposeScope();
        var (a_BGMTS, b_BGMTS, _, kept_BGMTS) = AttentionScores.Of(q_BTHE, k_BSGE, shape, documentIds_BS);
        var w_BGMTS = a_BGMTS.masked_fill(kept_BGMTS.logical_not(), double.NegativeInfinity).softmax(-1);
        if (b_BGMTS is not null) w_BGMTS = w_BGMTS * AttentionScores.Softplus(b_BGMTS);
        kept_BHT?.copy_(kept_BGMTS.sum([-1]).expand(a_BGMTS.shape[..^1]).flatten(1, 2));
        var o_BTGME = einsum("bgmts,bsge->btgme", w_BGMTS, v_BSGE.to(w_BGMTS.dtype));
        return o_BTGME.flatten(2, 3).to(q_BTHE.dtype).MoveToOuterDisposeScope();
    }
}
