namespace SparkTrain.Kernels;

/// <summary>The middle of Spark FFN (paper eq. 5) and of the top-k gated FFN (eq. C.2): h = gelu(topk(s)) ∘ u, with gelu's tanh form.</summary>
internal static class ComposedGate
{
    // Shapes: N rows (any leading dimensions), F hidden.

    /// <summary>As <see cref="KernelSet.Gate"/>.</summary>
    internal static Tensor Apply(Tensor s_NF, Tensor u_NF, TopkRule rule, Tensor? active_N) => Recomputed.Run([s_NF, u_NF], [], (t, first) => Composed(t[0], t[1], rule, first ? active_N : null));

    private static Tensor Composed(Tensor s_NF, Tensor u_NF, TopkRule rule, Tensor? active_N)
    {
        using var scope = NewDisposeScope();
        // The shifted scores stay in float32: rounded to bfloat16 before the GELU, small ones would change by up to 0.4 %.
        var y_NF = rule.Composed(s_NF.to(Precision.OfStatistics(s_NF.dtype)));
        if (rule.KeepsAll(s_NF.size(-1))) active_N?.fill_(s_NF.size(-1));
        else if (active_N is not null) ActivityCounts.CountPositive(y_NF, active_N);
        var h_NF = F.gelu(y_NF, GELU.Approximate.tanh) * u_NF;
        return h_NF.to(s_NF.dtype).MoveToOuterDisposeScope();
    }
}
