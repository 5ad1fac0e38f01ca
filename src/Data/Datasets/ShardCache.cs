using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>The open shards and decoded row groups of a data set, shared by its splits and safe for several threads.</summary>
internal sealed class ShardCache : IDisposable
{
    // An open shard costs a file handle and about a kilobyte per row group.
    private const int MaxOpenShards = 32;

    private readonly Lock gate = new();
    private readonly string folder;
    private readonly int vocabSize;
    private readonly LruCache<string, ColumnReader> shards = new(MaxOpenShards, _ => 1, shard => shard.Dispose());
    private readonly LruCache<(string Shard, int Group), int[]> groups;
    // Decoded row groups are half a megabyte each: made anew for every one, they would cost more time than the decoding.
    private readonly Stack<int[]> free = new();
    private bool isDisposed;

    public ShardCache(string folder, int vocabSize, long cacheBytes)
    {
        (this.folder, this.vocabSize) = (folder, vocabSize);
        groups = new(cacheBytes, _ => ColumnFormat.RowGroupValues * (long)sizeof(int), free.Push);
    }

    /// <summary>
    /// Copies the tokens of <paramref name="shard"/> from <paramref name="offset"/> on; returns how many, at most to the end of a row
    /// group.
    /// </summary>
    public int Read(ShardManifest shard, long offset, Span<int> into)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, typeof(TokenDataset));
            // Row groups are equal but for the last, so the group is known without opening the shard.
            var group = (int)(offset / ColumnFormat.RowGroupValues);
            var tokens = groups.GetOrAdd((shard.File, group), key => Decode(shard, key.Group));
            var from = (int)(offset % ColumnFormat.RowGroupValues);
            var count = (int)Math.Min(into.Length, Math.Min(ColumnFormat.RowGroupValues - from, shard.Tokens - offset));
            tokens.AsSpan(from, count).CopyTo(into);
            return count;
        }
    }

    /// <summary>
    /// Returns the lengths of the shard's documents in tokens, in order. Throws <see cref="DataException"/> where an older version wrote none, or where
    /// they do not add up to the shard.
    /// </summary>
    public int[] ReadLengths(ShardManifest shard)
    {
        var path = Path.Combine(folder, shard.File);
        if (shard.Lengths is not { } file)
            throw new DataException(path, "the lengths of its documents are not known", "a data set written by this version", "prepare the data set again");
        using var reader = ColumnReader.Open(folder, file, ColumnFormat.Lengths, shard.Documents);
        var lengths = reader.ReadAll((int)Math.Min(int.MaxValue, shard.Tokens + 1));
        var sum = lengths.Sum(length => (long)length);
        return sum == shard.Tokens ? lengths
            : throw new DataException(Path.Combine(folder, file.File), $"the lengths add up to {sum}", $"the {shard.Tokens} tokens of {shard.File}", "prepare the data set again");
    }

    public void Dispose()
    {
        lock (gate)
        {
            if (isDisposed) return;
            isDisposed = true;
            foreach (var shard in shards.Values) shard.Dispose();
        }
    }

    private int[] Decode(ShardManifest shard, int group)
    {
        var reader = shards.GetOrAdd(shard.File, _ => ColumnReader.Open(folder, shard.Column, ColumnFormat.Tokens, shard.Tokens));
        var tokens = free.TryPop(out var used) ? used : GC.AllocateUninitializedArray<int>(ColumnFormat.RowGroupValues);
        reader.ReadRowGroup(group, tokens, vocabSize);
        return tokens;
    }
}
