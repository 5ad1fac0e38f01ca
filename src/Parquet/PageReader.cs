using Microsoft.Win32.SafeHandles;
using SparkTrain.Input;

namespace SparkTrain.Parquet;

/// <summary>Reads the pages of a column in a row group, one after another, unpacked. Throws <see cref="InvalidDataException"/> where they are damaged.</summary>
internal sealed class PageReader(SafeFileHandle file, ColumnPart part)
{
    private static readonly int[] HeaderSizes = [1 << 12, 1 << 16, 1 << 20, 1 << 24];

    private readonly long end = part.Start + part.Bytes;
    private long position = part.Start;
    private byte[] packed = [], unpacked = [];

    /// <summary>
    /// Reads the next page: its header, and its levels and values as they follow each other. They are valid until the next page is read, but those of a dictionary are for good.
    /// </summary>
    public (PageHeader Header, ReadOnlyMemory<byte> Body) Next()
    {
        var header = ReadHeader();
        if (header.Bytes > end - position - header.HeaderBytes) throw new InvalidDataException($"a page of {header.Bytes} bytes where {end - position - header.HeaderBytes} are left");
        if (packed.Length < header.Bytes) packed = GC.AllocateUninitializedArray<byte>(header.Bytes);
        FileBytes.Read(file, packed.AsSpan(0, header.Bytes), position + header.HeaderBytes);
        position += header.HeaderBytes + header.Bytes;
        if (header.Checksum is { } checksum && Crc32.Of(packed.AsSpan(0, header.Bytes)) != checksum) throw new InvalidDataException("a page does not match its checksum");
        return (header, Unpack(header));
    }

    private ReadOnlyMemory<byte> Unpack(PageHeader header)
    {
        var levels = header.Type == PageHeader.DataPageV2 ? (long)header.RepetitionBytes + header.DefinitionBytes : 0;
        if (header.RepetitionBytes < 0 || header.DefinitionBytes < 0 || levels > header.Bytes || levels > header.UncompressedBytes)
            throw new InvalidDataException($"a page of {header.Bytes} bytes with levels of {header.RepetitionBytes} and {header.DefinitionBytes}");
        var codec = header.IsCompressed ? part.Codec : PageCompression.None;
        if (codec == PageCompression.None && header.Bytes == header.UncompressedBytes)
        {
            var body = packed.AsMemory(0, header.Bytes);
            if (header.Type == PageHeader.DictionaryPage) packed = [];
            return body;
        }
        if (unpacked.Length < levels) unpacked = new byte[levels];
        packed.AsSpan(0, (int)levels).CopyTo(unpacked);
        var size = header.UncompressedBytes - (int)levels;
        // Some writers leave out the values of a page of nulls altogether.
        if (size > 0 || header.Bytes > levels) PageCompression.Unpack(codec, new ArraySegment<byte>(packed, (int)levels, header.Bytes - (int)levels), ref unpacked, (int)levels, size);
        var unpackedBody = unpacked.AsMemory(0, header.UncompressedBytes);
        if (header.Type == PageHeader.DictionaryPage) unpacked = [];
        return unpackedBody;
    }

    // How long a header is, only it tells.
    private PageHeader ReadHeader()
    {
        if (position == end) throw new InvalidDataException("the pages end before all values are there");
        foreach (var size in HeaderSizes)
        {
            var bytes = new byte[Math.Min(size, end - position)];
            FileBytes.Read(file, bytes, position);
            try
            {
                return PageHeader.Read(bytes);
            }
            catch (InvalidDataException) when (bytes.Length == size && size < HeaderSizes[^1])
            {
            }
        }
        throw new InvalidDataException("a page has no header");
    }
}
