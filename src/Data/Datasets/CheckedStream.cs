using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SparkTrain.Data;

/// <summary>
/// Reads a file in blocks and compares each with its checksum before any byte is handed out. The Parquet library loops forever on some
/// damaged pages and decodes others to wrong numbers (measured), so it must never see one.
/// </summary>
internal sealed class CheckedStream : Stream
{
    public const int BlockBytes = 131_072;

    private readonly SafeFileHandle file;
    private readonly byte[] checksums;
    private readonly byte[] block = new byte[BlockBytes];
    private long blockIndex = -1;

    public CheckedStream(string path, byte[] checksums)
    {
        this.checksums = checksums;
        file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        Length = RandomAccess.GetLength(file);
    }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length { get; }

    public override long Position { get; set; }

    /// <summary>Returns how many bytes the checksums of a file of <paramref name="length"/> bytes take.</summary>
    public static int ChecksumBytes(long length) => checked((int)((length + BlockBytes - 1) / BlockBytes * sizeof(uint)));

    /// <summary>Returns the CRC-32C of <paramref name="bytes"/>.</summary>
    public static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes)) crc = BitOperations.Crc32C(crc, word);
        foreach (var last in bytes[(bytes.Length & ~7)..]) crc = BitOperations.Crc32C(crc, last);
        return ~crc;
    }

    public override int Read(Span<byte> buffer)
    {
        var total = 0;
        while (!buffer.IsEmpty && Position < Length)
        {
            var available = Load(Position / BlockBytes)[(int)(Position % BlockBytes)..];
            var count = Math.Min(available.Length, buffer.Length);
            available[..count].CopyTo(buffer);
            buffer = buffer[count..];
            Position += count;
            total += count;
        }
        return total;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    // Without these two a Stream hands every asynchronous read to another thread.
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        Task.FromResult(Read(buffer, offset, count));

    public override long Seek(long offset, SeekOrigin origin) =>
        Position = offset + (origin == SeekOrigin.Current ? Position : origin == SeekOrigin.End ? Length : 0);

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) file.Dispose();
        base.Dispose(disposing);
    }

    private ReadOnlySpan<byte> Load(long index)
    {
        var start = index * BlockBytes;
        var length = (int)Math.Min(BlockBytes, Length - start);
        if (index == blockIndex) return block.AsSpan(0, length);
        blockIndex = -1;
        for (var filled = 0; filled < length;)
        {
            var count = RandomAccess.Read(file, block.AsSpan(filled, length - filled), start + filled);
            if (count == 0) throw new InvalidDataException($"the file ends at byte {start + filled}");
            filled += count;
        }
        var expected = (index + 1) * sizeof(uint) <= checksums.Length
            ? BinaryPrimitives.ReadUInt32LittleEndian(checksums.AsSpan((int)index * sizeof(uint))) : 0;
        if (Checksum(block.AsSpan(0, length)) != expected)
            throw new InvalidDataException($"bytes {start} to {start + length - 1} do not match their checksum");
        blockIndex = index;
        return block.AsSpan(0, length);
    }
}
