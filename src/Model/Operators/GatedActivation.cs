namespace SparkTrain.Model;

/// <summary>The middle of a gated feed-forward network: h = σ(s) ∘ u, where the kind of network chooses σ.</summary>
public static class GatedActivation
{
    // Shapes: N rows (any leading dimensions), F hidden.

    /// <summary>Returns h [N, F] in the type of <paramref name="s_NF"/>.</summary>
    /// <param name="s_NF">Scores, K1ᵀq.</param>
    /// <param name="u_NF">Values, K2ᵀq.</param>
    /// <param name="kind">Which network.</param>
    /// <param name="rule">How top-k picks; read where the kind has top-k.</param>
    /// <param name="active_N">int32, receives the number of active neurons of each row; null costs nothing.</param>
    public static Tensor Apply(Tensor s_NF, Tensor u_NF, FfnKind kind, TopkRule rule, Tensor? active_N = null) => kind switch
    {
        FfnKind.GatedTopk or FfnKind.Spark => SparkGate.Apply(s_NF, u_NF, rule, active_N),
        _ => Dense(s_NF, u_NF, kind, active_N),
    };

    private static Tensor Dense(Tensor s_NF, Tensor u_NF, FfnKind kind, Tensor? active_N)
    {
        if (kind == FfnKind.Gated) active_N?.fill_(s_NF.size(-1));
        else if (active_N is not null) ActivityCounts.CountPositive(s_NF, active_N);
        return FusedKernels.Take(s_NF) ? GatedActivationKernel.Apply(s_NF, u_NF, kind) : Recomputed.Run([s_NF, u_NF], [], (t, _) => Composed(t[0], t[1], kind));
    }

    internal static Tensor Composed(Tensor s_NF, Tensor u_NF, FfnKind kind)
    {
        using var scope = NewDisposeScope();
        var h_NF = kind switch
        {
            FfnKind.Gated => F.gelu(s_NF, GELU.Approximate.tanh) * u_NF,
            FfnKind.GatedRelu => F.relu(s_NF) * u_NF,
            FfnKind.GatedRelu2 => F.relu(s_NF).square() * u_NF,
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "has its own operator, SparkGate"),
        };
        return h_NF.MoveToOuterDisposeScope();
    }
}
