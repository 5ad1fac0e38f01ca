namespace SparkTrain.Model;

/// <summary>
/// Output layer and next-token cross-entropy in one: L = Σ (log Σ exp z − z[target]) with z = softcap(h Eᵀ). Rows are taken in chunks, so that
/// nothing of size [N, V] is held.
/// </summary>
public static class CrossEntropyOperator
{
    // Shapes: N rows (tokens), C rows of a chunk, D model, V vocabulary.

    /// <summary>The target of a row that is left out.</summary>
    public const long Ignored = -100;

    private const long ChunkElements = 1 << 25;

    /// <summary>Returns the summed loss in nats, a scalar, of all rows whose target is not <see cref="Ignored"/>.</summary>
    /// <param name="h_ND">Hidden states after the final norm.</param>
    /// <param name="embed_VD">The tied embedding table.</param>
    /// <param name="targets_N">int64 token ids.</param>
    /// <param name="softcap">Logits become c·tanh(z / c); null leaves them.</param>
    /// <param name="computeDtype">Type of the products.</param>
    public static Tensor Apply(Tensor h_ND, Tensor embed_VD, Tensor targets_N, double? softcap, ScalarType computeDtype) => FusedKernels.Take(h_ND)
        ? CrossEntropyKernel.Apply(h_ND, embed_VD, targets_N, softcap, computeDtype == ScalarType.BFloat16)
        : Composed(h_ND, embed_VD, targets_N, softcap, computeDtype);

    internal static Tensor Composed(Tensor h_ND, Tensor embed_VD, Tensor targets_N, double? softcap, ScalarType computeDtype) =>
        ChunkedCrossEntropy.Run(h_ND, embed_VD, targets_N, softcap, computeDtype);

    /// <summary>Returns the loss of each row, [N], without a gradient; 0 where the target is <see cref="Ignored"/>.</summary>
    public static Tensor PerRow(Tensor h_ND, Tensor embed_VD, Tensor targets_N, double? softcap, ScalarType computeDtype)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var loss_N = Chunks(h_ND.size(0), embed_VD.size(0))
            .Select(c => ChunkedCrossEntropy.Forward(h_ND[c], embed_VD, targets_N[c], softcap, computeDtype).Loss_C).ToArray();
        return cat(loss_N).MoveToOuterDisposeScope();
    }

    /// <summary>Cuts the rows so that a chunk's logits have about 32 million elements; the cut depends on the sizes only.</summary>
    internal static IEnumerable<Range> Chunks(long rows, long vocab)
    {
        int size = (int)Math.Clamp(ChunkElements / vocab, 16, 1024);
        for (int begin = 0; begin < rows; begin += size) yield return begin..(int)Math.Min(rows, begin + size);
    }
}
