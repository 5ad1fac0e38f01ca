using System.Buffers.Binary;

namespace SparkTrain.Parquet;

/// <summary>
/// Reads small integers as Parquet's RLE and bit-packing hybrid has them (Encodings.md): runs of one value, and groups of eight packed with <paramref name="width"/> bits each. However many
/// values a run claims, memory holds only those that are asked for.
/// </summary>
internal sealed class RunReader(ReadOnlyMemory<byte> bytes, int width)
{
    // 64 bits that begin anywhere in a byte.
    private const int BitsWindow = sizeof(ulong) + 1;

    private readonly int width = width is >= 0 and <= 32 ? width : throw new InvalidDataException($"values of {width} bits");
    private int position, packedStart;
    private ulong runLeft, packedLeft, packedBit;
    private int runValue;

    /// <summary>Fills <paramref name="into"/> with the next values. Throws <see cref="InvalidDataException"/> where the bytes end before.</summary>
    public void Read(Span<int> into)
    {
        while (!into.IsEmpty)
        {
            if (runLeft == 0 && packedLeft == 0) NextRun();
            var count = (int)Math.Min((ulong)into.Length, runLeft + packedLeft);
            if (runLeft > 0)
            {
                into[..count].Fill(runValue);
                runLeft -= (ulong)count;
            }
            else
            {
                var packed = bytes.Span[packedStart..position];
                for (var i = 0; i < count; i++, packedBit += (ulong)width) into[i] = (int)Bits(packed, packedBit, width);
                packedLeft -= (ulong)count;
            }
            into = into[count..];
        }
    }

    /// <summary>Returns the <paramref name="width"/> bits from bit number <paramref name="bit"/> on, the lowest first; beyond the end they are 0.</summary>
    public static ulong Bits(ReadOnlySpan<byte> bytes, ulong bit, int width)
    {
        bytes = bytes[(int)(bit >> 3)..];
        if (bytes.Length < BitsWindow) return LastBits(bytes, (int)(bit & 7), width);
        var shift = (int)(bit & 7);
        var word = BinaryPrimitives.ReadUInt64LittleEndian(bytes) >> shift;
        if (shift + width > 64) word |= (ulong)bytes[8] << (64 - shift);
        return width == 64 ? word : word & ((1UL << width) - 1);
    }

    private static ulong LastBits(ReadOnlySpan<byte> bytes, int bit, int width)
    {
        Span<byte> padded = stackalloc byte[BitsWindow];
        padded.Clear();
        bytes.CopyTo(padded);
        return Bits(padded, (ulong)bit, width);
    }

    private void NextRun()
    {
        var reader = new VarintReader(bytes.Span[position..]);
        var head = reader.Unsigned();
        if ((head & 1) == 0)
        {
            runLeft = head >> 1;
            Span<byte> value = stackalloc byte[sizeof(int)];
            value.Clear();
            reader.Take((width + 7) / 8).CopyTo(value);
            runValue = BinaryPrimitives.ReadInt32LittleEndian(value);
        }
        else
        {
            // No page holds more values; and some writers leave out the padding of the last group.
            var groups = Math.Min(head >> 1, int.MaxValue);
            var packed = reader.Take((long)Math.Min(groups * (ulong)width, (ulong)reader.Rest.Length));
            packedLeft = width == 0 ? groups * 8 : Math.Min(groups * 8, (ulong)packed.Length * 8 / (ulong)width);
            (packedStart, packedBit) = (bytes.Length - reader.Rest.Length - packed.Length, 0);
        }
        position = bytes.Length - reader.Rest.Length;
    }
}
