namespace SparkTrain.Kernels;

/// <summary>The scores of attention, composed from libtorch's operations, and the keys that are kept of them.</summary>
internal static class AttentionScores
{
    // Shapes: B batch, T query, S key, G key/value head, M query heads of a key/value head, H = G·M, E head, 1 broadcast.

    // Above this, log(1 + eᶻ) and z are the same float64; libtorch's default of 20 is off by 2e-9.
    private const double SoftplusIsIdentityFrom = 40;

    /// <summary>Returns the scores a [B, G, M, T, S] behind the soft cap, Spark's second scores b (else null), the visible keys [B or 1, 1, 1, T, S], and the kept ones, in float32 or float64.</summary>
    /// <param name="q_BTHE">Queries, rotated and scaled.</param>
    /// <param name="k_BSGE">Keys, rotated.</param>
    /// <param name="shape">Kind, limits and the queries' place among the keys.</param>
    /// <param name="documentIds_BS">Keys are visible within their own document only; null means one document a row.</param>
    /// <param name="only">The queries wanted, by their index; null for all.</param>
    public static (Tensor A_BGMTS, Tensor? B_BGMTS, Tensor Visible_B11TS, Tensor Kept_BGMTS) Of(Tensor q_BTHE, Tensor k_BSGE, AttentionShape shape, Tensor? documentIds_BS, Tensor? only = null)
    {
        long S = k_BSGE.size(1), G = k_BSGE.size(2), E = q_BTHE.size(3);
        int r = shape.Kind.Traits().HasPredictor ? shape.PredictorDim : (int)E;
        var type = Precision.OfStatistics(q_BTHE.dtype);
        var visible_BTS = Visible(q_BTHE.size(1), S, shape, documentIds_BS, q_BTHE.device);
        if (only is not null) (q_BTHE, visible_BTS) = (q_BTHE.index_select(1, only), visible_BTS.index_select(1, only));
        var q_BTGME = q_BTHE.to(type).reshape(q_BTHE.size(0), q_BTHE.size(1), G, q_BTHE.size(2) / G, E);
        var k = k_BSGE.to(type);

        var a_BGMTS = Softcap.Apply(Scores(q_BTGME[.., .., .., .., ..r], k[.., .., .., ..r]), shape.Softcap);
        var b_BGMTS = shape.Kind.Traits().HasPredictor ? Scores(q_BTGME[.., .., .., .., r..], k[.., .., .., r..]) : null;
        var visible_B11TS = visible_BTS.unsqueeze(1).unsqueeze(1);
        return (a_BGMTS, b_BGMTS, visible_B11TS, !shape.Kind.Traits().HasTopk ? visible_B11TS : Kept(a_BGMTS, visible_B11TS, shape));
    }

    /// <summary>Returns log(1 + eᶻ).</summary>
    public static Tensor Softplus(Tensor z) => F.softplus(z, threshold: SoftplusIsIdentityFrom);

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
