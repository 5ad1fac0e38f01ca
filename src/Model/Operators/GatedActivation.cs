using SparkTrain.Numerics;

namespace SparkTrain.Model;

/// <summary>The middle of a gated feed-forward network: h = σ(s) ∘ u, or σ(topk(s)) ∘ u, where the kind of network chooses σ.</summary>
public static class GatedActivation
{
    // Shapes: N rows (any leading dimensions), F hidden.

    /// <summary>Returns h [N, F] in the type of <paramref name="s_NF"/>.</summary>
    /// <param name="s_NF">Scores, K1ᵀq.</param>
    /// <param name="u_NF">Values, K2ᵀq.</param>
    /// <param name="ffn">What the kind of network is.</param>
    /// <param name="rule">How top-k picks; read where the kind has top-k.</param>
    /// <param name="active_N">int32, receives the number of active neurons of each row; null costs nothing.</param>
    public static Tensor Apply(Tensor s_NF, Tensor u_NF, FfnTraits ffn, TopkRule rule, Tensor? active_N = null) =>
        ffn.HasTopk ? SparkGate.Apply(s_NF, u_NF, rule, active_N) : Dense(s_NF, u_NF, ffn.Activation, active_N);

    private static Tensor Dense(Tensor s_NF, Tensor u_NF, ActivationKind activation, Tensor? active_N)
    {
        if (!activation.IsZeroBelow()) active_N?.fill_(s_NF.size(-1));
        else if (active_N is not null) ActivityCounts.CountPositive(s_NF, active_N);
        return FusedKernels.Take(s_NF) ? GatedActivationKernel.Apply(s_NF, u_NF, activation) : Recomputed.Run([s_NF, u_NF], [], (t, _) => Composed(t[0], t[1], activation));
    }

    internal static Tensor Composed(Tensor s_NF, Tensor u_NF, ActivationKind activation)
    {
        using var scope = NewDisposeScope();
        var h_NF = activation switch
        {
            ActivationKind.Gelu => F.gelu(s_NF, GELU.Approximate.tanh) * u_NF,
            ActivationKind.Relu => F.relu(s_NF) * u_NF,
            ActivationKind.SquaredRelu => F.relu(s_NF).square() * u_NF,
            _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "a non-linearity without a rule"),
        };
        return h_NF.MoveToOuterDisposeScope();
    }
}
