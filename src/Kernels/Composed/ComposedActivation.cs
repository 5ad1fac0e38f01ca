namespace SparkTrain.Kernels;

/// <summary>The middle of a gated feed-forward network: h = σ(s) ∘ u.</summary>
internal static class ComposedActivation
{
    // Shapes: N rows (any leading dimensions), F hidden.

    /// <summary>As <see cref="KernelSet.Activate"/>.</summary>
    internal static Tensor Apply(Tensor s_NF, Tensor u_NF, ActivationKind activation) => Recomputed.Run([s_NF, u_NF], [], (t, _) =>
    {
        using var scope = NewDisposeScope();
        return (Of(t[0], activation) * t[1]).MoveToOuterDisposeScope();
    });

    private static Tensor Of(Tensor s_NF, ActivationKind activation) => activation switch
    {
        ActivationKind.Gelu => F.gelu(s_NF, GELU.Approximate.tanh),
        ActivationKind.Relu => F.relu(s_NF),
        ActivationKind.SquaredRelu => F.relu(s_NF).square(),
        ActivationKind.Silu => F.silu(s_NF),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "a non-linearity without a rule"),
    };
}
