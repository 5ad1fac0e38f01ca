namespace SparkTrain.Parquet;

/// <summary>What stands before every page of a Parquet column (parquet.thrift, in the compact protocol).</summary>
/// <param name="Type">0 a data page of version 1, 2 a dictionary, 3 a data page of version 2.</param>
/// <param name="UncompressedBytes">Size of the page when unpacked.</param>
/// <param name="Bytes">Size of the page in the file, which follows the header.</param>
/// <param name="Values">Values in it, nulls included.</param>
/// <param name="Encoding">How values are encoded; 5 is DELTA_BINARY_PACKED.</param>
/// <param name="HeaderBytes">Size of the header itself.</param>
public readonly record struct PageHeader(int Type, int UncompressedBytes, int Bytes, int Values, int Encoding, int HeaderBytes)
{
    public const int DataPage = 0, IndexPage = 1, DictionaryPage = 2, DataPageV2 = 3;

    public const int Plain = 0, PlainDictionary = 2, Rle = 3, DeltaBinaryPacked = 5, DeltaLengthByteArray = 6, DeltaByteArray = 7, RleDictionary = 8, ByteStreamSplit = 9;

    /// <summary>CRC-32 of the page as it is in the file, where the writer gave one.</summary>
    public uint? Checksum { get; init; }

    /// <summary>How the definition levels of a page of version 1 are encoded; 3 is RLE.</summary>
    public int DefinitionEncoding { get; init; }

    /// <summary>How the repetition levels of a page of version 1 are encoded; 3 is RLE.</summary>
    public int RepetitionEncoding { get; init; }

    /// <summary>Bytes of the definition levels of a page of version 2, which are not compressed.</summary>
    public int DefinitionBytes { get; init; }

    /// <summary>Bytes of the repetition levels of a page of version 2, which stand first.</summary>
    public int RepetitionBytes { get; init; }

    /// <summary>False where the values of a page of version 2 are not compressed, whatever the column is.</summary>
    public bool IsCompressed { get; init; }

    /// <summary>Reads the header that <paramref name="bytes"/> begin with. Throws <see cref="InvalidDataException"/> where it makes no sense.</summary>
    public static PageHeader Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new ThriftReader(bytes);
        var (header, field) = (new PageHeader { IsCompressed = true }, 0);
        while (reader.NextField(ref field) is var type and not 0)
        {
            switch (field, type)
            {
                case (1, ThriftReader.Int32): header = header with { Type = reader.ReadInt() }; break;
                case (2, ThriftReader.Int32): header = header with { UncompressedBytes = reader.ReadInt() }; break;
                case (3, ThriftReader.Int32): header = header with { Bytes = reader.ReadInt() }; break;
                case (4, ThriftReader.Int32): header = header with { Checksum = (uint)reader.ReadInt() }; break;
                case (5 or 7, ThriftReader.Struct): header = ReadPage(ref reader, header); break;
                case (8, ThriftReader.Struct): header = ReadPageV2(ref reader, header); break;
                default: reader.Skip(type); break;
            }
        }
        if (header.Bytes < 0 || header.UncompressedBytes < 0 || header.Values < 0) throw new InvalidDataException("a page of a negative size");
        return header with { HeaderBytes = bytes.Length - reader.Rest.Length };
    }

    // A dictionary has the first two fields of a data page.
    private static PageHeader ReadPage(ref ThriftReader reader, PageHeader header)
    {
        for (var field = 0; reader.NextField(ref field) is var type and not 0;)
        {
            switch (field, type)
            {
                case (1, ThriftReader.Int32): header = header with { Values = reader.ReadInt() }; break;
                case (2, ThriftReader.Int32): header = header with { Encoding = reader.ReadInt() }; break;
                case (3, ThriftReader.Int32): header = header with { DefinitionEncoding = reader.ReadInt() }; break;
                case (4, ThriftReader.Int32): header = header with { RepetitionEncoding = reader.ReadInt() }; break;
                default: reader.Skip(type); break;
            }
        }
        return header;
    }

    private static PageHeader ReadPageV2(ref ThriftReader reader, PageHeader header)
    {
        for (var field = 0; reader.NextField(ref field) is var type and not 0;)
        {
            switch (field, type)
            {
                case (1, ThriftReader.Int32): header = header with { Values = reader.ReadInt() }; break;
                case (4, ThriftReader.Int32): header = header with { Encoding = reader.ReadInt() }; break;
                case (5, ThriftReader.Int32): header = header with { DefinitionBytes = reader.ReadInt() }; break;
                case (6, ThriftReader.Int32): header = header with { RepetitionBytes = reader.ReadInt() }; break;
                case (7, ThriftReader.True or ThriftReader.False): header = header with { IsCompressed = type == ThriftReader.True }; break;
                default: reader.Skip(type); break;
            }
        }
        return header;
    }
}
