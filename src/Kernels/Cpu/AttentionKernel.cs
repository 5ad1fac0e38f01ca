using SparkTrain.Native;

namespace SparkTrain.Kernels;

/// <summary>
/// Dense, top-k (paper eq. C.4) and Spark attention (eq. 6-7), computed in blocks of queries: no score leaves its block, and once the keys are picked only those
/// are touched, in the backward pass too.
/// </summary>
public static unsafe class AttentionKernel
{
    // Shapes: B batch, T queries, S keys, H query heads, G key/value heads, E head width.

    /// <summary>Returns o [B, T, H, E], float32. Query t sits at key FirstPosition + t and sees no later key.</summary>
    /// <param name="q_BTHE">Queries, rotated and scaled, float32; H is a multiple of G.</param>
    /// <param name="k_BSGE">Keys, rotated.</param>
    /// <param name="v_BSGE">Values.</param>
    /// <param name="shape">Kind, limits and the queries' place among the keys; the selector is not read: keys are picked by statistics.</param>
    /// <param name="documentIds_BS">int32 or int64: keys are visible within their own document only; null means one document a row.</param>
    /// <param name="kept_BHT">int32, contiguous: receives the number of keys that each query keeps; null counts nothing.</param>
    /// <param name="touched_BHT">As <paramref name="kept_BHT"/>: receives the number of keys whose second scores, values and gradients are computed.</param>
    /// <exception cref="ArgumentException">The shapes do not fit each other.</exception>
    public static Tensor Apply(Tensor q_BTHE, Tensor k_BSGE, Tensor v_BSGE, AttentionShape shape, Tensor? documentIds_BS = null, Tensor? kept_BHT = null, Tensor? touched_BHT = null)
    {
        var plan = new AttentionPlan(q_BTHE.shape, k_BSGE.shape, shape, documentIds_BS);
        return KernelFunction.Run([q_BTHE, k_BSGE, v_BSGE],
            () => Forward(plan, q_BTHE.contiguous(), k_BSGE.contiguous(), v_BSGE.contiguous(), kept_BHT, touched_BHT),
            (saved, g) => Backward(plan, saved[0], saved[1], saved[2], saved[3], g));
    }

    private static (Tensor, Tensor[]) Forward(AttentionPlan plan, Tensor q_BTHE, Tensor k_BSGE, Tensor v_BSGE, Tensor? kept_BHT, Tensor? touched_BHT)
    {
        var o_BTHE = empty_like(q_BTHE);
        var saved_BHT3 = empty(plan.Batch, plan.Heads, plan.Queries, AttentionForward.Saved);
        using var memory = new TensorMemory();
        float* q = memory.Float32(q_BTHE), k = memory.Float32(k_BSGE), v = memory.Float32(v_BSGE);
        float* o = memory.Float32(o_BTHE), saved = memory.Float32(saved_BHT3);
        int* kept = kept_BHT is null ? null : (int*)memory.Pointer(kept_BHT);
        int* touched = touched_BHT is null ? null : (int*)memory.Pointer(touched_BHT);
        OpenMp.ForEach(plan.Units, unit => AttentionForward.Run(plan, (int)unit, q, k, v, o, saved, kept, touched));
        return (o_BTHE, [q_BTHE, k_BSGE, v_BSGE, saved_BHT3]);
    }

    private static Tensor[] Backward(AttentionPlan plan, Tensor q_BTHE, Tensor k_BSGE, Tensor v_BSGE, Tensor saved_BHT3, Tensor g_BTHE)
    {
        Tensor dq_BTHE = zeros_like(q_BTHE), dk_BSGE = zeros_like(k_BSGE), dv_BSGE = zeros_like(v_BSGE);
        using var memory = new TensorMemory();
        float* q = memory.Float32(q_BTHE), k = memory.Float32(k_BSGE), v = memory.Float32(v_BSGE), saved = memory.Float32(saved_BHT3);
        float* g = memory.Float32(g_BTHE), dq = memory.Float32(dq_BTHE), dk = memory.Float32(dk_BSGE), dv = memory.Float32(dv_BSGE);
        var gradients = new AttentionGradients?[plan.Units];
        try
        {
            OpenMp.ForEach(plan.Units, unit => gradients[unit] = AttentionBackward.Run(plan, (int)unit, q, k, v, saved, g, dq));
            // Units of one key/value head meet here, always in the same order.
            int pairs = plan.Batch * plan.KvHeads;
            OpenMp.ForEach(pairs, pair =>
            {
                for (long unit = pair; unit < plan.Units; unit += pairs) gradients[unit]!.AddTo(dk, dv);
            });
        }
        finally
        {
            foreach (var share in gradients) share?.Dispose();
        }
        return [dq_BTHE, dk_BSGE, dv_BSGE];
    }
}
