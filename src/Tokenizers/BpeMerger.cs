namespace SparkTrain.Tokenizers;

/// <summary>Applies merges to symbols: always the lowest rank first, of equal ranks the leftmost. Not for two threads at once.</summary>
internal sealed class BpeMerger(PairTable merges, int[] mergedIds)
{
    // Below this many symbols scanning for the lowest rank beats a heap.
    private const int HeapLength = 96;

    private readonly int[] ranks = new int[HeapLength];
    private readonly PriorityQueue<ulong, ulong> queue = new();   // a pair by its rank, then its place
    private int[] previous = [], next = [];

    /// <summary>Replaces <paramref name="symbols"/> by what remains when no merge applies any more; returns how many remain.</summary>
    public int Merge(Span<int> symbols) =>
        symbols.Length < 2 ? symbols.Length : symbols.Length <= HeapLength ? MergeByScan(symbols) : MergeByHeap(symbols);

    private int MergeByScan(Span<int> ids)
    {
        var rank = ranks.AsSpan(0, ids.Length - 1);
        for (var i = 0; i < rank.Length; i++) rank[i] = Rank(ids[i], ids[i + 1]);
        while (rank.Length > 0)
        {
            var at = 0;
            for (var i = 1; i < rank.Length; i++)
                if (rank[i] < rank[at]) at = i;
            if (rank[at] == int.MaxValue) break;
            ids[at] = mergedIds[rank[at]];
            ids[(at + 2)..].CopyTo(ids[(at + 1)..]);
            rank[(at + 1)..].CopyTo(rank[at..]);
            ids = ids[..^1];
            rank = rank[..^1];
            if (at > 0) rank[at - 1] = Rank(ids[at - 1], ids[at]);
            if (at < rank.Length) rank[at] = Rank(ids[at], ids[at + 1]);
        }
        return ids.Length;
    }

    private int MergeByHeap(Span<int> ids)
    {
        var count = ids.Length;
        if (next.Length < count) (previous, next) = (new int[count * 2], new int[count * 2]);
        for (var i = 0; i < count; i++) (previous[i], next[i]) = (i - 1, i + 1 < count ? i + 1 : -1);
        queue.Clear();
        for (var i = 0; i + 1 < count; i++) Push(ids, i, i + 1);
        while (queue.TryDequeue(out var pair, out var priority))
        {
            var at = (int)(uint)priority;
            var right = next[at];
            // An entry is stale when one of its two symbols has been merged meanwhile; −1 marks a symbol that is gone.
            if (ids[at] < 0 || right < 0 || PairTable.Key(ids[at], ids[right]) != pair) continue;
            ids[at] = mergedIds[(int)(priority >> 32)];
            ids[right] = -1;
            next[at] = next[right];
            if (next[at] >= 0) previous[next[at]] = at;
            if (previous[at] >= 0) Push(ids, previous[at], at);
            if (next[at] >= 0) Push(ids, at, next[at]);
        }
        var kept = 0;
        foreach (var id in ids)
            if (id >= 0) ids[kept++] = id;
        return kept;
    }

    private void Push(ReadOnlySpan<int> ids, int left, int right)
    {
        var pair = PairTable.Key(ids[left], ids[right]);
        if (merges.TryGet(pair, out var rank)) queue.Enqueue(pair, ((ulong)(uint)rank << 32) | (uint)left);
    }

    private int Rank(int left, int right) => merges.TryGet(PairTable.Key(left, right), out var rank) ? rank : int.MaxValue;
}
