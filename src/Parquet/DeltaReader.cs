namespace SparkTrain.Parquet;

/// <summary>Reads integers of DELTA_BINARY_PACKED (Encodings.md) a few at a time, whatever their number; <see cref="DeltaBinaryPacked"/> is the fast way for pages whose size is known.</summary>
internal sealed class DeltaReader
{
    private readonly ReadOnlyMemory<byte> bytes;
    private readonly int perMiniblock, miniblocks;
    private int position, miniblock, widthsAt, inMiniblock;
    private ulong bit;
    private long last, least;
    private bool hasBegun;

    /// <summary>Begins at the first of <paramref name="bytes"/>. Throws <see cref="InvalidDataException"/> where they are no such page.</summary>
    public DeltaReader(ReadOnlyMemory<byte> bytes)
    {
        var reader = new VarintReader(bytes.Span);
        var (blockValues, perBlock) = (reader.Unsigned(), reader.Unsigned());
        (Left, last) = (reader.Unsigned(), reader.Signed());
        if (perBlock is 0 or > 1024 || blockValues is 0 or > 1 << 20 || blockValues % (perBlock * 8) != 0) throw new InvalidDataException($"blocks of {blockValues} values in {perBlock} miniblocks");
        if (Left > int.MaxValue) throw new InvalidDataException($"a page of {Left} values");
        (this.bytes, miniblocks, perMiniblock) = (bytes, (int)perBlock, (int)(blockValues / perBlock));
        (position, miniblock, inMiniblock) = (bytes.Length - reader.Rest.Length, miniblocks, perMiniblock);
    }

    /// <summary>Values that have not been read.</summary>
    public ulong Left { get; private set; }

    /// <summary>What follows the last value, when all have been read.</summary>
    public ReadOnlyMemory<byte> Rest => bytes[position..];

    /// <summary>Fills <paramref name="into"/> with the next values. Throws <see cref="InvalidDataException"/> where there are no more.</summary>
    public void Read(Span<long> into)
    {
        if ((ulong)into.Length > Left) throw new InvalidDataException($"{into.Length} values are wanted where {Left} are left");
        Left -= (ulong)into.Length;
        if (!hasBegun && !into.IsEmpty)
        {
            (into[0], hasBegun) = (last, true);
            into = into[1..];
        }
        while (!into.IsEmpty)
        {
            if (inMiniblock == perMiniblock) NextMiniblock();
            var count = Math.Min(into.Length, perMiniblock - inMiniblock);
            var read = bytes.Span[..position];
            var width = read[widthsAt + miniblock];
            foreach (ref var value in into[..count])
            {
                value = last = unchecked(last + least + (long)RunReader.Bits(read, bit, width));
                bit += width;
            }
            inMiniblock += count;
            into = into[count..];
        }
    }

    private void NextMiniblock()
    {
        var reader = new VarintReader(bytes.Span[position..]);
        if (++miniblock >= miniblocks)
        {
            least = reader.Signed();
            (widthsAt, miniblock) = (bytes.Length - reader.Rest.Length, 0);
            reader.Take(miniblocks);
        }
        var width = bytes.Span[widthsAt + miniblock];
        if (width > 64) throw new InvalidDataException($"differences of {width} bits");
        (bit, inMiniblock) = ((ulong)(bytes.Length - reader.Rest.Length) * 8, 0);
        reader.Take(perMiniblock * (long)width / 8);
        position = bytes.Length - reader.Rest.Length;
    }
}
