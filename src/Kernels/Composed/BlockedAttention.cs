namespace SparkTrain.Kernels;

/// <summary>Cuts composed attention into blocks of queries, each with the keys that it can see, so that the scores of one block exist at a time.</summary>
internal static class BlockedAttention
{
    // Shapes: B batch, T query, S key, H query head, G key/value head, E head.

    private const long ScoresOfBlock = 1 << 26; // 256 MB in float32; about six tensors of this size live at once

    /// <summary>As <see cref="KernelSet.Attention"/>. Statistics are per query, so the cut changes nothing.</summary>
    internal static Tensor Apply(
        Tensor q_BTHE, Tensor k_BSGE, Tensor v_BSGE, AttentionShape shape, Tensor? documentIds_BS, Tensor? kept_BHT, Tensor? touched_BHT = null, long scoresOfBlock = ScoresOfBlock)
    {
        using var scope = NewDisposeScope();
        int queries = (int)q_BTHE.size(1);
        int size = (int)Math.Clamp(scoresOfBlock / (q_BTHE.size(0) * q_BTHE.size(2) * k_BSGE.size(1)), 1, queries);
        var blocks = new List<Tensor>();
        for (int begin = 0; begin < queries; begin += size)
            blocks.Add(Block(begin, Math.Min(size, queries - begin), q_BTHE, k_BSGE, v_BSGE, shape, documentIds_BS, kept_BHT));
        // Composed products leave nothing out.
        touched_BHT?.copy_(arange(shape.FirstPosition + 1, shape.FirstPosition + 1 + queries, ScalarType.Int32, touched_BHT.device).clamp(max: shape.Window ?? int.MaxValue));
        return cat(blocks, 1).MoveToOuterDisposeScope();
    }

    private static Tensor Block(int begin, int count, Tensor q_BTHE, Tensor k_BSGE, Tensor v_BSGE, AttentionShape shape, Tensor? documentIds_BS, Tensor? kept_BHT)
    {
        int position = shape.FirstPosition + begin;
        int firstKey = shape.Window is { } window ? Math.Max(0, position - window + 1) : 0, keys = position + count - firstKey;
        var blockShape = shape with { FirstPosition = position - firstKey };
        Tensor[] documents = documentIds_BS is null ? [] : [documentIds_BS.narrow(1, firstKey, keys)];
        var kept = kept_BHT?.narrow(2, begin, count);
        return Recomputed.Run([q_BTHE.narrow(1, begin, count), k_BSGE.narrow(1, firstKey, keys), v_BSGE.narrow(1, firstKey, keys)], documents,
            (t, first) => ComposedAttention.Apply(t[0], t[1], t[2], blockShape, t.ElementAtOrDefault(3), first ? kept : null));
    }
}
