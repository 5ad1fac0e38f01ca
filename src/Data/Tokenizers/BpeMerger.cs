using System.Runtime.InteropServices;

namespace SparkTrain.Data;

/// <summary>Applies merges to a list of symbols: always the lowest rank first, of equal ranks the leftmost.</summary>
internal sealed class BpeMerger(PairTable merges, int[] mergedIds)
{
    // Below this many symbols scanning for the lowest rank beats a heap.
    private const int HeapLength = 48;

    private readonly PriorityQueue<(int At, ulong Pair), (int Rank, int At)> queue = new();
    private int[] previous = [], next = [], ranks = new int[HeapLength];

    /// <summary>Replaces <paramref name="symbols"/> by what remains when no merge applies any more.</summary>
    public void Merge(List<int> symbols)
    {
        if (symbols.Count < 2) return;
        if (symbols.Count <= HeapLength) MergeByScan(symbols);
        else MergeByHeap(symbols);
    }

    private void MergeByScan(List<int> symbols)
    {
        var ids = CollectionsMarshal.AsSpan(symbols);
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
        CollectionsMarshal.SetCount(symbols, ids.Length);
    }

    private void MergeByHeap(List<int> symbols)
    {
        var ids = CollectionsMarshal.AsSpan(symbols);
        var count = ids.Length;
        if (next.Length < count) (previous, next) = (new int[count * 2], new int[count * 2]);
        for (var i = 0; i < count; i++) (previous[i], next[i]) = (i - 1, i + 1 < count ? i + 1 : -1);
        queue.Clear();
        for (var i = 0; i + 1 < count; i++) Push(ids, i, i + 1);
        while (queue.TryDequeue(out var entry, out var priority))
        {
            var (at, right) = (entry.At, next[entry.At]);
            // An entry is stale when one of its two symbols has been merged meanwhile; −1 marks a symbol that is gone.
            if (ids[at] < 0 || right < 0 || PairTable.Key(ids[at], ids[right]) != entry.Pair) continue;
            ids[at] = mergedIds[priority.Rank];
            ids[right] = -1;
            next[at] = next[right];
            if (next[at] >= 0) previous[next[at]] = at;
            if (previous[at] >= 0) Push(ids, previous[at], at);
            if (next[at] >= 0) Push(ids, at, next[at]);
        }
        var kept = 0;
        foreach (var id in ids)
            if (id >= 0) ids[kept++] = id;
        CollectionsMarshal.SetCount(symbols, kept);
    }

    private void Push(ReadOnlySpan<int> ids, int left, int right)
    {
        var pair = PairTable.Key(ids[left], ids[right]);
        if (merges.TryGet(pair, out var rank)) queue.Enqueue((left, pair), (rank, left));
    }

    private int Rank(int left, int right) => merges.TryGet(PairTable.Key(left, right), out var rank) ? rank : int.MaxValue;
}
