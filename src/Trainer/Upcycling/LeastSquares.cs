using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>Linear maps of part of an input that come nearest to maps of all of it.</summary>
internal static class LeastSquares
{
    // Shapes: F rows of the map, D input, A the part that is kept, B the rest.

    // Relative to the mean moment: coordinates that hardly vary must not be told from noise.
    private const double Ridge = 1e-4;

    /// <summary>Returns W' [F, A] that minimises E|W q − W' q_A|² for inputs with second moments E[q qᵀ]; W's own columns where the moments are not known.</summary>
    public static Tensor Restrict(Tensor w_FD, Tensor? moments_DD, Range kept)
    {
        var (offset, length) = kept.GetOffsetAndLength((int)w_FD.size(1));
        var w_FA = w_FD.narrow(1, offset, length);
        if (moments_DD is null) return w_FA;
        using var scope = NewDisposeScope();
        long d = w_FD.size(1);
        long[] rest = [.. Enumerable.Range(0, (int)d).Where(i => i < offset || i >= offset + length).Select(i => (long)i)];
        var b = tensor(rest, device: w_FD.device);
        var moments = moments_DD.to(ScalarType.Float64);
        var aa = moments.narrow(0, offset, length).narrow(1, offset, length);
        var ab = moments.narrow(0, offset, length).index_select(1, b);
        var ridge = eye(length, length, ScalarType.Float64, w_FD.device) * (Ridge * moments.diagonal().mean());
        // q_B ≈ Xᵀ q_A with X = E[q_A q_Aᵀ]⁻¹ E[q_A q_Bᵀ].
        var x_AB = linalg.solve(aa + ridge, ab);
        var guessed_FA = w_FD.index_select(1, b).to(ScalarType.Float64).mm(x_AB.t());
        return (w_FA + guessed_FA.to(w_FD.dtype)).MoveToOuterDisposeScope();
    }
}
