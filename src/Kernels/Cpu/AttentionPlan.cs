namespace SparkTrain.Kernels;

/// <summary>The sizes and rules of one attention call, and how its work is cut.</summary>
internal sealed class AttentionPlan
{
    // Work is cut by batch row and key/value head, so that one thread owns the gradients of its keys; few such pairs are cut along the queries too. The cut
    // depends on the shape only, never on the number of threads: neither do the sums.
    private const int WantedUnits = 32, MinQueriesPerUnit = 256;

    private readonly int splits;
    private readonly int[][]? documents;

    internal AttentionPlan(long[] q_BTHE, long[] k_BSGE, AttentionShape shape, Tensor? documentIds_BS)
    {
        (Batch, Queries, Heads, Width) = ((int)q_BTHE[0], (int)q_BTHE[1], (int)q_BTHE[2], (int)q_BTHE[3]);
        (Keys, KvHeads) = ((int)k_BSGE[1], (int)k_BSGE[2]);
        if (k_BSGE[0] != Batch || k_BSGE[3] != Width || Heads % KvHeads != 0 || Keys < shape.FirstPosition + Queries)
            throw new ArgumentException($"queries [{string.Join(", ", q_BTHE)}] from position {shape.FirstPosition} do not fit keys [{string.Join(", ", k_BSGE)}]");
        Selects = shape.Kind.Traits().HasTopk;
        Scored = shape.Kind.Traits().HasPredictor ? shape.PredictorDim : Width;
        (Active, Correction, First) = (shape.Active, shape.Correction, shape.FirstPosition);
        (Softcap, Window) = ((float)(shape.Softcap ?? 0), shape.Window ?? int.MaxValue);
        Quantiles = !Selects ? [] : QuantileTable.Of(Active, Keys);
        splits = Math.Clamp(WantedUnits / (Batch * KvHeads), 1, Math.Max(1, Queries / MinQueriesPerUnit));
        documents = documentIds_BS is null ? null : FirstOfDocument(documentIds_BS);
    }

    internal int Batch { get; }
    internal int Queries { get; }
    internal int Heads { get; }
    internal int KvHeads { get; }
    internal int Width { get; }
    internal int Keys { get; }
    internal int First { get; }
    internal int Active { get; }
    internal int Correction { get; }

    /// <summary>True where statistical top-k picks the keys.</summary>
    internal bool Selects { get; }

    internal float Softcap { get; }
    internal int Window { get; }

    /// <summary>Coordinates of a head that make the softmax scores: r for Spark, all otherwise.</summary>
    internal int Scored { get; }

    /// <summary>Coordinates behind the softplus: the rest.</summary>
    internal int Rest => Width - Scored;

    /// <summary>Q(1 − k/n) by n.</summary>
    internal double[] Quantiles { get; }

    internal int Units => Batch * KvHeads * splits;

    /// <summary>Floats of a packed key or query: both parts, each padded to whole vectors.</summary>
    internal int PackedWidth => Padded(Scored) + Padded(Rest);

    /// <summary>Floats of a packed value.</summary>
    internal int ValueWidth => Padded(Width);

    /// <summary>For every key of a batch row the first key of its document, or null: equal numbers mean one document.</summary>
    internal int[]? Documents(int batch) => documents?[batch];

    /// <summary>The work of unit <paramref name="index"/>; the last queries, which see most keys, come first.</summary>
    internal AttentionUnit Unit(int index)
    {
        int split = splits - 1 - index / (Batch * KvHeads), pair = index % (Batch * KvHeads);
        int begin = (int)((long)Queries * split / splits), end = (int)((long)Queries * (split + 1) / splits);
        // Whole panels of keys, from the first that the first query sees.
        int keyBegin = Math.Max(0, First + begin - Window + 1) / KeyPanels.Keys * KeyPanels.Keys;
        return new(pair / KvHeads, pair % KvHeads, begin, end, keyBegin, First + end);
    }

    /// <summary>Index of the first number of a query head in [B, T, H, E].</summary>
    internal long Row(int batch, int query, int head) => (((long)batch * Queries + query) * Heads + head) * Width;

    /// <summary>Index of a query in [B, H, T].</summary>
    internal long Query(int batch, int head, int query) => ((long)batch * Heads + head) * Queries + query;

    internal static int Padded(int width) => (width + VectorMath.Lanes - 1) & -VectorMath.Lanes;

    private int[][] FirstOfDocument(Tensor documentIds_BS)
    {
        using var scope = torch.NewDisposeScope();
        if (documentIds_BS.shape[0] != Batch || documentIds_BS.shape[1] < Keys)
            throw new ArgumentException($"document ids [{string.Join(", ", documentIds_BS.shape)}] do not cover {Batch} rows of {Keys} keys");
        long columns = documentIds_BS.shape[1];
        var ids = documentIds_BS.to(torch.ScalarType.Int64).contiguous().data<long>().ToArray();
        var firsts = new int[Batch][];
        for (int b = 0; b < Batch; b++)
        {
            var seen = new Dictionary<long, int>();
            firsts[b] = new int[Keys];
            for (int s = 0; s < Keys; s++)
            {
                long id = ids[b * columns + s];
                seen.TryAdd(id, s);
                firsts[b][s] = seen[id];
            }
        }
        return firsts;
    }
}

/// <summary>One thread's share: queries [Begin, End) of all heads that read one key/value head of one batch row, and the keys [KeyBegin, KeyEnd) they may see.</summary>
internal readonly record struct AttentionUnit(int Batch, int KvHead, int Begin, int End, int KeyBegin, int KeyEnd);
