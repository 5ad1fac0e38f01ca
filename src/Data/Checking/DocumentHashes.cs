using System.Numerics;
using System.Runtime.InteropServices;

namespace SparkTrain.Data;

/// <summary>
/// Remembers in which splits of which data sets each document was seen, by the first 128 bits of the SHA-256 of its tokens: about 90 bytes a document. Not for two threads at once.
/// </summary>
public sealed class DocumentHashes
{
    /// <summary>Data sets that can be compared: a bit for each of their two splits.</summary>
    public const int MaxDatasets = 32;

    // A dictionary that grows holds its entries twice for a while; of many small ones only one grows at a time. Two halves of a key pack tighter than a number of 128 bits.
    private readonly Dictionary<(ulong High, ulong Low), ulong>[] places = [.. Enumerable.Range(0, 64).Select(_ => new Dictionary<(ulong, ulong), ulong>())];
    private readonly List<(string Folder, string Split)> splits = [];
    private readonly Dictionary<(int Later, int Earlier), (long Documents, long First)> overlaps = [];

    /// <summary>
    /// Returns which splits have documents in common: training and validation splits, of one data set or of two, and the training splits of two data sets.
    /// </summary>
    public IReadOnlyList<SplitOverlap> Overlaps() =>
        [.. from pair in overlaps
            let later = splits[pair.Key.Later]
            let earlier = splits[pair.Key.Earlier]
            where later.Split != earlier.Split || later.Split == DatasetLayout.TrainSplit
            orderby pair.Key
            select new SplitOverlap(later.Folder, later.Split, earlier.Folder, earlier.Split, pair.Value.Documents, pair.Value.First)];

    internal int AddSplit(string folder, string split)
    {
        if (splits.Count == 2 * MaxDatasets) throw new InvalidOperationException($"more than {MaxDatasets} data sets are compared at once");
        splits.Add((folder, split));
        return splits.Count - 1;
    }

    /// <summary>Adds document <paramref name="number"/> of a split; returns false where the split had it already.</summary>
    internal bool Add(int split, UInt128 key, long number)
    {
        var high = (ulong)(key >> 64);
        ref var where = ref CollectionsMarshal.GetValueRefOrAddDefault(places[high % (ulong)places.Length], (high, (ulong)key), out _);
        var mine = 1UL << split;
        if ((where & mine) != 0) return false;
        for (var others = where; others != 0; others &= others - 1)
        {
            ref var overlap = ref CollectionsMarshal.GetValueRefOrAddDefault(overlaps, (split, BitOperations.TrailingZeroCount(others)), out var isKnown);
            overlap = isKnown ? overlap with { Documents = overlap.Documents + 1 } : (1, number);
        }
        where |= mine;
        return true;
    }
}
