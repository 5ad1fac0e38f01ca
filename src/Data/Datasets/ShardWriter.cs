using System.Globalization;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>
/// Writes the documents of one split as a row of shards, each with the lengths of its documents beside it. A shard ends with the document
/// that fills it, so every document lies in one shard.
/// </summary>
internal sealed class ShardWriter : IDisposable
{
    private readonly string folder, split;
    private readonly long shardTokens;
    private readonly List<ShardManifest> shards;
    private long tokens, documents, bytes;   // of the shard being written
    private ColumnWriter? tokenColumn, lengthColumn;

    /// <summary>Writes shards of about <paramref name="shardTokens"/> tokens behind those that are <paramref name="finished"/>.</summary>
    public ShardWriter(string folder, string split, long shardTokens, IEnumerable<ShardManifest>? finished = null)
    {
        (this.folder, this.split, this.shardTokens, shards) = (folder, split, shardTokens, [.. finished ?? []]);
        Tokens = shards.Sum(s => s.Tokens);
    }

    /// <summary>Tokens of the whole split so far.</summary>
    public long Tokens { get; private set; }

    /// <summary>The shards that are finished and on the disk.</summary>
    public IReadOnlyList<ShardManifest> Shards => shards;

    /// <summary>
    /// Appends a document that stands for <paramref name="textBytes"/> bytes of text; its end token is part of <paramref name="document"/>.
    /// </summary>
    public void Append(ReadOnlySpan<int> document, long textBytes)
    {
        if (tokenColumn is null)
        {
            var file = string.Create(CultureInfo.InvariantCulture, $"{split}-{shards.Count:d5}.parquet");
            tokenColumn = new ColumnWriter(folder, file, ColumnFormat.Tokens);
            lengthColumn = new ColumnWriter(folder, DatasetLayout.LengthsOf(file), ColumnFormat.Lengths);
        }
        tokenColumn.Append(document);
        lengthColumn!.Append([document.Length]);
        (tokens, documents, bytes) = (tokens + document.Length, documents + 1, bytes + textBytes);
        Tokens += document.Length;
        if (tokens >= shardTokens) EndShard();
    }

    /// <summary>Writes what is left and returns the totals.</summary>
    public SplitManifest Finish()
    {
        EndShard();
        return new SplitManifest(shards.Sum(s => s.Tokens), shards.Sum(s => s.Documents), shards.Sum(s => s.Bytes), shards);
    }

    /// <summary>Ends the shard that is being written, if there is one, and brings it to the disk.</summary>
    public void EndShard()
    {
        if (tokenColumn is null || lengthColumn is null) return;
        var file = tokenColumn.Finish();
        shards.Add(new ShardManifest(file.File, tokens, documents, bytes, file.FileBytes, file.Sha256, file.Checksums) { Lengths = lengthColumn.Finish() });
        (tokenColumn, lengthColumn, tokens, documents, bytes) = (null, null, 0, 0, 0);
    }

    public void Dispose()
    {
        tokenColumn?.Dispose();
        lengthColumn?.Dispose();
    }
}
