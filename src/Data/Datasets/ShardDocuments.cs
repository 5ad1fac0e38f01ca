using System.Runtime.InteropServices;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>The documents of one shard, read from its first to its last; one row group is in memory at a time.</summary>
internal static class ShardDocuments
{
    /// <summary>
    /// Returns the tokens of each document, begin and end tokens included, without the first <paramref name="skip"/>. Throws <see cref="DataException"/> where the shard is
    /// damaged, or where an older version wrote it without the lengths of its documents.
    /// </summary>
    public static IEnumerable<int[]> Read(string folder, ShardManifest shard, int vocabSize, long skip = 0)
    {
        using var cache = new ShardCache(folder, vocabSize, cacheBytes: 0);
        var end = 0L;
        foreach (var length in cache.ReadLengths(shard))
        {
            end += length;
            if (--skip >= 0) continue;
            var document = new int[length];
            for (var filled = 0; filled < length;) filled += cache.Read(shard, end - length + filled, document.AsSpan(filled));
            yield return document;
        }
    }

    /// <summary>Returns the hash by which equal documents are recognised: that of all their tokens.</summary>
    public static UInt128 Hash(ReadOnlySpan<int> tokens) => Document.HashOf(MemoryMarshal.AsBytes(tokens));
}
