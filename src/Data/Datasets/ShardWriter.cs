using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Parquet;
using Parquet.Schema;

namespace SparkTrain.Data;

/// <summary>
/// Writes the token stream of one split as a row of shards with equal row groups. A document may go on in the next shard.
/// </summary>
internal sealed class ShardWriter(string folder, string split, long shardTokens) : IDisposable
{
    private readonly int[] buffer = new int[ShardFormat.RowGroupTokens];
    private readonly List<ShardManifest> shards = [];
    private int buffered;
    private long tokens, documents, bytes;   // of the shard being written
    private FileStream? stream;
    private ParquetWriter? writer;

    /// <summary>Tokens appended so far.</summary>
    public long Tokens { get; private set; }

    /// <summary>
    /// Appends a document that stands for <paramref name="textBytes"/> bytes of text; its end token is part of <paramref name="document"/>.
    /// </summary>
    public void Append(ReadOnlySpan<int> document, long textBytes)
    {
        Tokens += document.Length;
        while (!document.IsEmpty)
        {
            if (tokens + buffered == shardTokens) CloseShard();
            var count = (int)Math.Min(Math.Min(document.Length, buffer.Length - buffered), shardTokens - tokens - buffered);
            document[..count].CopyTo(buffer.AsSpan(buffered));
            document = document[count..];
            buffered += count;
            if (buffered == buffer.Length) WriteRowGroup();
        }
        documents++;
        bytes += textBytes;
    }

    /// <summary>Writes what is left and returns the totals.</summary>
    public SplitManifest Finish()
    {
        CloseShard();
        return new SplitManifest(shards.Sum(s => s.Tokens), shards.Sum(s => s.Documents), shards.Sum(s => s.Bytes), shards);
    }

    public void Dispose()
    {
        writer?.DisposeAsync().AsTask().GetAwaiter().GetResult();
        stream?.Dispose();
    }

    private string PathOf(int shard) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{split}-{shard:d5}.parquet"));

    private void WriteRowGroup()
    {
        if (writer is null)
        {
            stream = new FileStream(PathOf(shards.Count), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 20);
            writer = ParquetWriter.CreateAsync(new ParquetSchema(ShardFormat.Column), stream,
                ShardFormat.WriteOptions).GetAwaiter().GetResult();
        }
        using (var group = writer.CreateRowGroup())
            group.WriteAsync<int>(ShardFormat.Column, buffer.AsMemory(0, buffered)).GetAwaiter().GetResult();
        tokens += buffered;
        buffered = 0;
    }

    private ShardManifest Describe(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.FlushToDisk(file);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var length = RandomAccess.GetLength(file);
        var checksums = new byte[CheckedStream.ChecksumBytes(length)];
        var block = new byte[CheckedStream.BlockBytes];
        for (var at = 0; (long)at * block.Length < length; at++)
        {
            var count = RandomAccess.Read(file, block, (long)at * block.Length);
            sha256.AppendData(block, 0, count);
            BinaryPrimitives.WriteUInt32LittleEndian(checksums.AsSpan(at * sizeof(uint)), CheckedStream.Checksum(block.AsSpan(0, count)));
        }
        return new ShardManifest(Path.GetFileName(path), tokens, documents, bytes, length,
            Convert.ToHexStringLower(sha256.GetHashAndReset()), checksums);
    }

    private void CloseShard()
    {
        if (buffered > 0) WriteRowGroup();
        if (stream is null) return;
        Dispose();
        shards.Add(Describe(PathOf(shards.Count)));
        (stream, writer, tokens, documents, bytes) = (null, null, 0, 0, 0);
    }
}
