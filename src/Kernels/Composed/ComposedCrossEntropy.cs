namespace SparkTrain.Kernels;

/// <summary>Next-token loss by chunks of rows.</summary>
public static class ComposedCrossEntropy
{
    // Shapes: N rows (tokens), D model, V vocabulary.

    /// <summary>The target of a row that is left out.</summary>
    public const long Ignored = -100;

    private const long ChunkElements = 1 << 25;

    /// <summary>As <see cref="KernelSet.CrossEntropyOfRows"/>.</summary>
    internal static Tensor OfRows(KernelSet kernels, Tensor h_ND, Tensor embed_VD, Tensor targets_N, double? softcap, ScalarType computeDtype)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var loss_N = Chunks(h_ND.size(0), embed_VD.size(0))
            .Select(c => ChunkedCrossEntropy.Forward(kernels, h_ND[c], embed_VD, targets_N[c], softcap, computeDtype).Loss_C).ToArray();
        return cat(loss_N).MoveToOuterDisposeScope();
    }

    /// <summary>Cuts the rows so that a chunk's logits have about 32 million elements; the cut depends on the sizes only.</summary>
    internal static IEnumerable<Range> Chunks(long rows, long vocab)
    {
        int size = (int)Math.Clamp(ChunkElements / vocab, 16, 1024);
        for (int begin = 0; begin < rows; begin += size) yield return begin..(int)Math.Min(rows, begin + size);
    }
}
