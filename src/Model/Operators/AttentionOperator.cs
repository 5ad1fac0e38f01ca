namespace SparkTrain.Model;

/// <summary>
/// Attention of rotated queries to rotated keys. Dense: V softmax(a), a = softcap(Kᵀq). Topk (paper eq. C.4): the softmax runs over the kept keys.
/// Spark (eq. 7): a = softcap(K1ᵀq[:r]) picks the keys and feeds the softmax, and each weight is multiplied by softplus(K2ᵀq[r:]).
/// </summary>
public static class AttentionOperator
{
    // Shapes: B batch, T query, S key, G key/value head, M query heads of a key/value head, H = G·M, E head, 1 broadcast.

    /// <summary>Returns o [B, T, H, E] in the type of <paramref name="q_BTHE"/>; scores, statistics and softmax are float32.</summary>
    /// <param name="q_BTHE">Queries, rotated and scaled.</param>
    /// <param name="k_BSGE">Keys, rotated.</param>
    /// <param name="v_BSGE">Values.</param>
    /// <param name="shape">Kind, limits and the queries' place among the keys.</param>
    /// <param name="documentIds_BS">Keys are visible within their own document only; null means one document a row.</param>
    /// <param name="kept_BHT">int32, receives the number of keys that each query keeps; null costs nothing.</param>
    /// <param name="touched_BHT">int32, receives the number of visible keys that each query computes with once the kept ones are known; null costs nothing.</param>
    public static Tensor Apply(Tensor q_BTHE, Tensor k_BSGE, Tensor v_BSGE, AttentionShape shape, Tensor? documentIds_BS, Tensor? kept_BHT = null, Tensor? touched_BHT = null) =>
        FusedKernels.Take(q_BTHE) && shape.Selector == TopkSelector.Statistical
            ? AttentionKernel.Apply(q_BTHE, k_BSGE, v_BSGE, shape.Kind, shape.PredictorDim, shape.Active, shape.Correction, shape.Softcap, shape.Window, shape.FirstPosition, documentIds_BS, kept_BHT, touched_BHT)
            : BlockedAttention.Apply(q_BTHE, k_BSGE, v_BSGE, shape, documentIds_BS, kept_BHT, touched_BHT);

    internal static Tensor Composed(Tensor q_BTHE, Tensor k_BSGE, Tensor v_BSGE, AttentionShape shape, Tensor? documentIds_BS, Tensor? kept_BHT)
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
