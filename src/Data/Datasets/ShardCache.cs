namespace SparkTrain.Data;

/// <summary>The open shards and decoded row groups of a data set, shared by its splits and safe for several threads.</summary>
internal sealed class ShardCache(string folder, int vocabSize, long cacheBytes) : IDisposable
{
    // An open shard costs a file handle and about a kilobyte per row group.
    private const int MaxOpenShards = 32;

    private readonly Lock gate = new();
    private readonly LruCache<string, ShardReader> shards = new(MaxOpenShards, _ => 1);
    private readonly LruCache<(string Shard, int Group), int[]> groups = new(cacheBytes, g => g.Length * (long)sizeof(int));
    private bool isDisposed;

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
            var group = (int)(offset / ShardFormat.RowGroupTokens);
            var tokens = groups.GetOrAdd((shard.File, group), key => Decode(shard, key.Group));
            var from = (int)(offset % ShardFormat.RowGroupTokens);
            var count = Math.Min(into.Length, tokens.Length - from);
            tokens.AsSpan(from, count).CopyTo(into);
            return count;
        }
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

    private int[] Decode(ShardManifest shard, int group) =>
        shards.GetOrAdd(shard.File, _ => ShardReader.Open(folder, shard, vocabSize)).ReadRowGroup(group);
}
