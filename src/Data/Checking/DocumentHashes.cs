using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SparkTrain.Data;

/// <summary>
/// Remembers in which splits of which data sets each document was seen, by the first 128 bits of the SHA-256 of its tokens: about 50 bytes a document. Safe for several threads; what it
/// counts does not depend on their order.
/// </summary>
public sealed class DocumentHashes
{
    private const int MaxSplits = 64;

    private readonly Lock gate = new();
    private readonly Dictionary<UInt128, ulong> places = [];
    private readonly List<(string Folder, string Split)> splits = [];

    /// <summary>
    /// Counts the documents that lie in a training split and in a validation split, of one data set or of two.
    /// </summary>
    public IReadOnlyList<DataProblem> Leaks()
    {
        var counts = new long[splits.Count, splits.Count];
        foreach (var where in places.Values)
            for (var a = 0; a < splits.Count; a++)
                for (var b = 0; b < splits.Count; b++)
                    if (splits[a].Split == DatasetLayout.TrainSplit && splits[b].Split == DatasetLayout.ValidationSplit && (where & (1UL << a)) != 0 && (where & (1UL << b)) != 0)
                        counts[a, b]++;
        return [.. from a in Enumerable.Range(0, splits.Count) from b in Enumerable.Range(0, splits.Count) where counts[a, b] > 0
                   select new DataProblem($"{splits[b].Folder} split '{splits[b].Split}'",
                       $"{counts[a, b]} of its documents are also in {(splits[a].Folder == splits[b].Folder ? $"the split '{splits[a].Split}'" : $"{splits[a].Folder} split '{splits[a].Split}'")}", IsDamage: false)];
    }

    internal int AddSplit(string folder, string split)
    {
        if (splits.Count == MaxSplits) throw new InvalidOperationException($"more than {MaxSplits} splits are compared at once");
        splits.Add((folder, split));
        return splits.Count - 1;
    }

    /// <summary>Adds a document; returns false where the split had it already.</summary>
    internal bool Add(int split, ReadOnlySpan<int> tokens)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(MemoryMarshal.AsBytes(tokens), hash);
        var key = BinaryPrimitives.ReadUInt128LittleEndian(hash);
        lock (gate)
        {
            ref var where = ref CollectionsMarshal.GetValueRefOrAddDefault(places, key, out _);
            var isNew = (where & (1UL << split)) == 0;
            where |= 1UL << split;
            return isNew;
        }
    }
}
