using System.Buffers.Binary;
using System.IO.Compression;
using K4os.Compression.LZ4;
using Snappier;
using ZstdSharp;

namespace SparkTrain.Parquet;

/// <summary>Unpacks pages. What a damaged header claims is not believed: memory grows only as far as there are bytes to fill it.</summary>
internal static class PageCompression
{
    public const int None = 0, Snappy = 1, Gzip = 2, Brotli = 4, OldLz4 = 5, Zstd = 6, Lz4 = 7;

    // Three bytes of Snappy stand for at most 64, one of LZ4 for at most 255, four of zstd for at most a block of 128 KiB.
    private const long MostBySnappy = 22, MostByLz4 = 255, MostByZstd = 1 << 15;
    private const int FirstBytes = 1 << 20;

    /// <summary>
    /// Unpacks <paramref name="packed"/> into <paramref name="buffer"/> from <paramref name="start"/> on, which grows to hold it. Throws <see cref="InvalidDataException"/> where it is damaged or its size is not
    /// <paramref name="size"/>, <see cref="NotSupportedException"/> for a codec that is not known.
    /// </summary>
    public static void Unpack(int codec, ArraySegment<byte> packed, ref byte[] buffer, int start, int size)
    {
        switch (codec)
        {
            case None:
                if (packed.Count != size) throw Wrong(packed.Count, size);
                Grow(ref buffer, start, start + size);
                packed.AsSpan().CopyTo(buffer.AsSpan(start));
                break;
            case Snappy:
                if (size > MostBySnappy * packed.Count || Snappier.Snappy.GetUncompressedLength(packed) != size) throw Wrong(packed.Count, size);
                Grow(ref buffer, start, start + size);
                RequireSize(Snappier.Snappy.Decompress(packed, buffer.AsSpan(start, size)), size);
                break;
            case OldLz4 or Lz4:
                if (size > MostByLz4 * packed.Count) throw Wrong(packed.Count, size);
                Grow(ref buffer, start, start + size);
                var into = buffer.AsSpan(start, size);
                if (codec == Lz4 || !TryUnpackFramed(packed, into)) RequireSize(UnpackLz4(packed, into), size);
                break;
            case Zstd:
                if (size > MostByZstd * packed.Count) throw Wrong(packed.Count, size);
                Grow(ref buffer, start, start + size);
                using (var zstd = new Decompressor()) RequireSize(zstd.Unwrap(packed, buffer.AsSpan(start, size)), size);
                break;
            case Gzip or Brotli:
                UnpackStream(codec, packed, ref buffer, start, size);
                break;
            default:
                throw new NotSupportedException($"its pages are compressed by {(codec == 3 ? "LZO" : $"codec {codec}")}");
        }
    }

    private static int UnpackLz4(ReadOnlySpan<byte> packed, Span<byte> into) => into.IsEmpty ? 0 : LZ4Codec.Decode(packed, into);

    // Hadoop's framing: blocks, each with its size when unpacked and its size, the high bytes first. Some writers left it out.
    private static bool TryUnpackFramed(ReadOnlySpan<byte> packed, Span<byte> into)
    {
        while (packed.Length >= 2 * sizeof(uint))
        {
            var (size, length) = (BinaryPrimitives.ReadUInt32BigEndian(packed), BinaryPrimitives.ReadUInt32BigEndian(packed[sizeof(uint)..]));
            packed = packed[(2 * sizeof(uint))..];
            if (size > into.Length || length > packed.Length || UnpackLz4(packed[..(int)length], into[..(int)size]) != size) return false;
            packed = packed[(int)length..];
            into = into[(int)size..];
        }
        return packed.IsEmpty && into.IsEmpty;
    }

    private static void UnpackStream(int codec, ArraySegment<byte> packed, ref byte[] buffer, int start, int size)
    {
        using var source = new MemoryStream(packed.Array!, packed.Offset, packed.Count, writable: false);
        using Stream stream = codec == Gzip ? new GZipStream(source, CompressionMode.Decompress) : new BrotliStream(source, CompressionMode.Decompress);
        var filled = 0;
        for (var limit = Math.Min(size, FirstBytes); filled < size; limit = (int)Math.Min(size, 2L * limit))
        {
            Grow(ref buffer, start + filled, start + limit);
            var count = stream.ReadAtLeast(buffer.AsSpan(start + filled, limit - filled), limit - filled, throwOnEndOfStream: false);
            filled += count;
            if (count == 0) break;
        }
        // The end is read too: there the formats compare their own checksums.
        RequireSize(filled == size && stream.ReadByte() < 0 ? size : -1, size);
    }

    private static void Grow(ref byte[] buffer, int kept, int needed)
    {
        if (buffer.Length >= needed) return;
        var larger = GC.AllocateUninitializedArray<byte>(needed);
        buffer.AsSpan(0, kept).CopyTo(larger);
        buffer = larger;
    }

    private static void RequireSize(int found, int size)
    {
        if (found != size) throw new InvalidDataException($"a page does not unpack to {size} bytes");
    }

    private static InvalidDataException Wrong(int packed, int size) => new($"a page of {packed} bytes that claims to unpack to {size}");
}
