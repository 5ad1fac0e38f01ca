using System.Collections.Concurrent;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>Decodes row groups of one shard on several threads, each with a reader of its own.</summary>
internal sealed class ShardReaders : IDisposable
{
    private readonly ConcurrentBag<(ColumnReader Reader, int[] Tokens)> free = [];
    private readonly string folder;
    private readonly ShardManifest shard;
    private readonly DocumentScanner scanner;

    /// <summary>Throws <see cref="DataException"/> where the shard cannot be opened.</summary>
    public ShardReaders(string folder, ShardManifest shard, DocumentScanner scanner)
    {
        (this.folder, this.shard, this.scanner) = (folder, shard, scanner);
        free.Add(Open());
    }

    /// <summary>Throws <see cref="DataException"/> where the row group is damaged, or holds an id outside the vocabulary.</summary>
    public GroupScan Scan(int group)
    {
        var mine = free.TryTake(out var idle) ? idle : Open();
        try
        {
            return GroupScan.Of(mine.Tokens.AsSpan(0, mine.Reader.ReadRowGroup(group, mine.Tokens, scanner.VocabSize)), scanner);
        }
        finally
        {
            free.Add(mine);
        }
    }

    public void Dispose()
    {
        foreach (var (reader, _) in free) reader.Dispose();
    }

    private (ColumnReader Reader, int[] Tokens) Open() => (ColumnReader.Open(folder, shard.Column, ColumnFormat.Tokens, shard.Tokens), new int[ColumnFormat.RowGroupValues]);
}
