namespace SparkTrain.Data;

/// <summary>What stands before every page of a Parquet column (parquet.thrift, in the compact protocol).</summary>
/// <param name="Type">0 a data page of version 1, 2 a dictionary, 3 a data page of version 2.</param>
/// <param name="UncompressedBytes">Size of the page when unpacked.</param>
/// <param name="Bytes">Size of the page in the file, which follows the header.</param>
/// <param name="Values">Values in it, nulls included.</param>
/// <param name="Encoding">How values are encoded; 5 is DELTA_BINARY_PACKED.</param>
/// <param name="HeaderBytes">Size of the header itself.</param>
internal readonly record struct PageHeader(int Type, int UncompressedBytes, int Bytes, int Values, int Encoding, int HeaderBytes)
{
    public const int DataPage = 0, DictionaryPage = 2, DataPageV2 = 3, DeltaBinaryPacked = 5;

    private const int MaxDepth = 8;

    /// <summary>Reads the header that <paramref name="bytes"/> begin with. Throws <see cref="InvalidDataException"/> where it makes no sense.</summary>
    public static PageHeader Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new VarintReader(bytes);
        var (header, field) = (default(PageHeader), 0);
        while (NextField(ref reader, ref field) is var type and not 0)
            header = (field, type) switch
            {
                (1, 5) => header with { Type = (int)reader.Signed() },
                (2, 5) => header with { UncompressedBytes = (int)reader.Signed() },
                (3, 5) => header with { Bytes = (int)reader.Signed() },
                (5 or 7 or 8, 12) => ReadPage(ref reader, header, field == 8 ? 4 : 2),
                _ => Skip(ref reader, type, header),
            };
        if (header.Bytes < 0 || header.UncompressedBytes < 0 || header.Values < 0) throw new InvalidDataException("a page of a negative size");
        return header with { HeaderBytes = bytes.Length - reader.Rest.Length };
    }

    // The three kinds of pages have their number of values first; version 2 has its encoding fourth, the others second.
    private static PageHeader ReadPage(ref VarintReader reader, PageHeader header, int encodingField)
    {
        for (var field = 0; NextField(ref reader, ref field) is var type and not 0;)
        {
            if (field == 1 && type == 5) header = header with { Values = (int)reader.Signed() };
            else if (field == encodingField && type == 5) header = header with { Encoding = (int)reader.Signed() };
            else Skip(ref reader, type, header);
        }
        return header;
    }

    /// <summary>Moves to the next field of a struct and returns its type; 0 at the struct's end.</summary>
    private static int NextField(ref VarintReader reader, ref int field)
    {
        var head = reader.Take(1)[0];
        if (head == 0) return 0;
        field = head >> 4 is var step and > 0 ? field + step : (int)reader.Signed();
        return head & 15;
    }

    private static PageHeader Skip(ref VarintReader reader, int type, PageHeader header, int depth = 0)
    {
        if (depth > MaxDepth) throw new InvalidDataException("structs inside structs without end");
        switch (type)
        {
            case 1 or 2: break;   // a boolean field is all in its head
            case 3: reader.Take(1); break;
            case 4 or 5 or 6: reader.Unsigned(); break;
            case 7: reader.Take(sizeof(double)); break;
            case 8: reader.Take((long)Math.Min(reader.Unsigned(), long.MaxValue)); break;
            case 9 or 10:
                var head = reader.Take(1)[0];
                var count = head >> 4 is var small and < 15 ? (ulong)small : reader.Unsigned();
                for (var i = 0UL; i < count; i++)
                {
                    if ((head & 15) is 1 or 2) reader.Take(1);   // in a list a boolean has a byte
                    else Skip(ref reader, head & 15, header, depth + 1);
                }
                break;
            case 12:
                for (var field = 0; NextField(ref reader, ref field) is var inner and not 0;) Skip(ref reader, inner, header, depth + 1);
                break;
            default: throw new InvalidDataException($"a field of the unknown type {type}");
        }
        return header;
    }
}
