namespace SparkTrain.Model;

/// <summary>
/// Attention of rotated queries to rotated keys. Dense: V softmax(a), a = softcap(Kᵀq). Topk (paper eq. C.4): the softmax runs over the kept keys.
/// Spark (eq. 7): a = softcap(K1ᵀq[:r]) picks the keys and feeds the softmax, and each weight is multiplied by softplus(K2ᵀq[r:]).
/// </summary>
public static class AttentionOperator
{
    // Shapes: B batch, T query, S key, G key/value head, M query heads of a key/value head, H = G·M, E head, 1 broadcast.

    // Above this, log(1 + eᶻ) and z are the same float64; libtorch's default of 20 is off by 2e-9.
    private const double SoftplusIsIdentityFrom = 40;

    /// <summary>Returns o [B, T, H, E] in the type of <paramref name="q_BTHE"/>; scores, statistics and softmax are float32.</summary>
    /// <param name="q_BTHE">Queries, rotated and scaled.</param>
    /// <param name="k_BSGE">Keys, rotated.</param>
    /// <param name="v_BSGE">Values.</param>
    /// <param name="shape">Kind, limits and the queries' place among the keys.</param>
    /// <param name="documentIds_BS">Keys are visible within their own document only; null means one document a row.</param>
    /// <param name="kept_BHT">int32, receives the number of keys that each query keeps; null costs nothing.</param>
    public static Tensor Apply(Tensor q_BTHE, Tensor k_BSGE, Tensor v_BSGE, AttentionShape shape, Tensor? documentIds_BS, Tensor? kept_BHT = null) =>
        FusedKernels.Take(q_BTHE) && shape.Selector == TopkSelector.Statistical
            ? AttentionKernel.Apply(q_BTHE, k_BSGE, v_BSGE, shape.Kind, shape.PredictorDim, shape.Active, shape.Correction, shape.Softcap, shape.Window, shape.FirstPosition, documentIds_BS, kept_BHT)
            : BlockedAttention.Apply(q_BTHE, k_BSGE, v_BSGE, shape, documentIds_BS, kept_BHT);

    internal static Tensor Composed(Tensor q_BTHE, Tensor k_BSGE, Tensor v_BSGE, AttentionShape shape, Tensor? documentIds_BS, Tensor? kept_BHT)
    {
        using var scope = NewDisposeScope();
        long B = q_BTHE.size(0), T = q_BTHE.size(1), H = q_BTHE.size(2), S = k_BSGE.size(1), G = k_BSGE.size(2), E = q_BTHE.size(3);
        int r = shape.Kind == AttentionKind.Spark ? shape.PredictorDim : (int)E;
        var type = Precision.OfStatistics(q_BTHE.dtype);
        var q_BTGME = q_BTHE.to(type).reshape(B, T, G, H / G, E);
        var k = k_BSGE.to(type);

        var a_BGMTS = Softcap.Apply(Scores(q_BTGME[.., .., .., .., ..r], k[.., .., .., ..r]), shape.Softcap);
        var visible_B11TS = Visible(T, S, shape, documentIds_BS, q_BTHE.device).unsqueeze(1).unsqueeze(1);
        var kept_BGMTS = shape.Kind == AttentionKind.Dense ? visible_B11TS : Kept(a_BGMTS, visible_B11TS, shape);
        var w_BGMTS = a_BGMTS.masked_fill(kept_BGMTS.logical_not(), double.NegativeInfinity).softmax(-1);
        if (shape.Kind == AttentionKind.Spark)
            w_BGMTS = w_BGMTS * F.softplus(Scores(q_BTGME[.., .., .., .., r..], k[.., .., .., r..]), threshold: SoftplusIsIdentityFrom);

        kept_BHT?.copy_(kept_BGMTS.sum([-1]).expand(B, G, H / G, T).reshape(B, H, T));
        var o_BTGME = einsum("bgmts,bsge->btgme", w_BGMTS, v_BSGE.to(type));
        return o_BTGME.reshape(B, T, H, E).to(q_BTHE.dtype).MoveToOuterDisposeScope();
    }

    private static Tensor Scores(Tensor q_BTGME, Tensor k_BSGE) => einsum("btgme,bsge->bgmts", q_BTGME, k_BSGE);

    /// <summary>True where the key is not later than the query, inside the window and of the same document: [B or 1, T, S].</summary>
    private static Tensor Visible(long T, long S, AttentionShape shape, Tensor? documentIds_BS, Device device)
    {
        long first = shape.FirstPosition;
        var distance_TS = arange(first, first + T, device: device).unsqueeze(1) - arange(S, device: device).unsqueeze(0);
        var visible_BTS = distance_TS.ge(0).unsqueeze(0);
        if (shape.Window is { } window) visible_BTS = visible_BTS.logical_and(distance_TS.lt(window));
        if (documentIds_BS is null) return visible_BTS;
        var queryDocument_BT = documentIds_BS.narrow(1, first, T);
        return visible_BTS.logical_and(queryDocument_BT.unsqueeze(2).eq(documentIds_BS.unsqueeze(1)));
    }

    /// <summary>
    /// The keys at or above θ = mean + std·Q(1 − k/n) over the n visible scores of a query; all of them where n ≤ k. θ never exceeds the largest
    /// visible score, so no row is empty. A common shift leaves softmax unchanged, hence no gradient flows through the choice.
    /// </summary>
    private static Tensor Kept(Tensor scores_BGMTS, Tensor visible_B11TS, AttentionShape shape)
    {
        using var noGradient = no_grad();
        var a_BGMTS = scores_BGMTS.detach();
        if (shape.Selector == TopkSelector.Exact) return Largest(a_BGMTS, visible_B11TS, shape.Active);
        var n_B11T1 = visible_B11TS.sum([-1], keepdim: true).to(a_BGMTS.dtype);
        var mean_BGMT1 = a_BGMTS.masked_fill(visible_B11TS.logical_not(), 0).sum([-1], keepdim: true) / n_B11T1;
        var offset_BGMTS = (a_BGMTS - mean_BGMT1).masked_fill(visible_B11TS.logical_not(), 0);
        var std_BGMT1 = (offset_BGMTS.square().sum([-1], keepdim: true) / (n_B11T1 - shape.Correction).clamp_min(1)).sqrt();
        var max_BGMT1 = a_BGMTS.masked_fill(visible_B11TS.logical_not(), double.NegativeInfinity).amax([-1], keepdim: true);

        var keepsAll_B11T1 = n_B11T1.le(shape.Active);
        var quantile_B11T1 = -special.ndtri(shape.Active / n_B11T1.to(ScalarType.Float64)).to(a_BGMTS.dtype);
        var theta_BGMT1 = (mean_BGMT1 + std_BGMT1 * quantile_B11T1).masked_fill(keepsAll_B11T1, double.NegativeInfinity);
        return a_BGMTS.ge(minimum(theta_BGMT1, max_BGMT1)).logical_and(visible_B11TS);
    }
    // Where fewer than k keys are visible the k-th score is −∞, and all of them stay.
    private static Tensor Largest(Tensor a_BGMTS, Tensor visible_B11TS, int k)
    {
        var seen_BGMTS = a_BGMTS.masked_fill(visible_B11TS.logical_not(), double.NegativeInfinity);
        var least_BGMT1 = seen_BGMTS.topk((int)Math.Min(k, seen_BGMTS.size(-1)), -1).values[TensorIndex.Ellipsis, ^1..];
        return a_BGMTS.ge(least_BGMT1).logical_and(visible_B11TS);
    }
}
