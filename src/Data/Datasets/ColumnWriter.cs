using System.Buffers.Binary;
using System.Security.Cryptography;
using Parquet;
using Parquet.Schema;

namespace SparkTrain.Data;

/// <summary>Writes one file of a data set: a column of int32 in equal row groups.</summary>
internal sealed class ColumnWriter : IDisposable
{
    private readonly string path, file;
    private readonly DataField field;
    private readonly FileStream stream;
    private readonly ParquetWriter writer;
    private readonly int[] buffer = new int[ColumnFormat.RowGroupValues];
    private int buffered;
    private bool isClosed;

    public ColumnWriter(string folder, string file, string column)
    {
        (path, this.file, field) = (Path.Combine(folder, file), file, ColumnFormat.Field(column));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        stream = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 20);
        writer = ParquetWriter.CreateAsync(new ParquetSchema(field), stream, ColumnFormat.WriteOptions(column)).GetAwaiter().GetResult();
    }

    public void Append(ReadOnlySpan<int> values)
    {
        while (!values.IsEmpty)
        {
            var count = Math.Min(values.Length, buffer.Length - buffered);
            values[..count].CopyTo(buffer.AsSpan(buffered));
            values = values[count..];
            buffered += count;
            if (buffered == buffer.Length) WriteRowGroup();
        }
    }

    /// <summary>Writes what is left, brings the file to the disk and describes it.</summary>
    public ColumnManifest Finish()
    {
        if (buffered > 0) WriteRowGroup();
        Dispose();
        return Describe();
    }

    public void Dispose()
    {
        if (isClosed) return;
        isClosed = true;
        writer.DisposeAsync().AsTask().GetAwaiter().GetResult();
        stream.Dispose();
    }

    private void WriteRowGroup()
    {
        using (var group = writer.CreateRowGroup())
            group.WriteAsync<int>(field, buffer.AsMemory(0, buffered)).GetAwaiter().GetResult();
        buffered = 0;
    }

    private ColumnManifest Describe()
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.FlushToDisk(handle);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var length = RandomAccess.GetLength(handle);
        var checksums = new byte[CheckedFile.ChecksumBytes(length)];
        var block = new byte[CheckedFile.BlockBytes];
        for (var at = 0; (long)at * block.Length < length; at++)
        {
            var count = RandomAccess.Read(handle, block, (long)at * block.Length);
            sha256.AppendData(block, 0, count);
            BinaryPrimitives.WriteUInt32LittleEndian(checksums.AsSpan(at * sizeof(uint)), CheckedFile.Checksum(block.AsSpan(0, count)));
        }
        return new ColumnManifest(file, length, Convert.ToHexStringLower(sha256.GetHashAndReset()), checksums);
    }
}
