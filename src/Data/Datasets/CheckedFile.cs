using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>Reads a file in blocks and compares each with its checksum before any byte is handed out: what a damaged page would decode to is never seen.</summary>
internal sealed class CheckedFile : IDisposable
{
    public const int BlockBytes = 131_072;

    private readonly SafeFileHandle file;
    private readonly byte[] checksums;
    private readonly byte[] block = new byte[BlockBytes];
    private long blockIndex = -1;

    public CheckedFile(string path, byte[] checksums)
    {
        this.checksums = checksums;
        RegularFile.Require(path);
        file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        Length = RandomAccess.GetLength(file);
    }

    public long Length { get; }

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

    /// <summary>
    /// Fills <paramref name="into"/> with the bytes from <paramref name="offset"/> on. Throws <see cref="InvalidDataException"/> where they are not
    /// those of the checksums, or the file ends before.
    /// </summary>
    public void ReadAt(Span<byte> into, long offset)
    {
        while (!into.IsEmpty)
        {
            if (offset >= Length) throw new InvalidDataException($"the file ends before byte {offset + into.Length}");
            var available = Load(offset / BlockBytes)[(int)(offset % BlockBytes)..];
            var count = Math.Min(available.Length, into.Length);
            available[..count].CopyTo(into);
            into = into[count..];
            offset += count;
        }
    }

    public void Dispose() => file.Dispose();

    private ReadOnlySpan<byte> Load(long index)
    {
        var start = index * BlockBytes;
        var length = (int)Math.Min(BlockBytes, Length - start);
        if (index == blockIndex) return block.AsSpan(0, length);
        blockIndex = -1;
        FileBytes.Read(file, block.AsSpan(0, length), start);
        var expected = (index + 1) * sizeof(uint) <= checksums.Length
            ? BinaryPrimitives.ReadUInt32LittleEndian(checksums.AsSpan((int)index * sizeof(uint))) : 0;
        if (Checksum(block.AsSpan(0, length)) != expected)
            throw new InvalidDataException($"bytes {start} to {start + length - 1} do not match their checksum");
        blockIndex = index;
        return block.AsSpan(0, length);
    }
}
