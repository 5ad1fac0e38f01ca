using System.Buffers.Binary;
using SparkTrain.Parquet;

namespace SparkTrain.Data.Tests.Hostile;

/// <summary>A Parquet file of one column, one row group and one data page, each number of which may be a lie.</summary>
internal sealed record HandmadeParquet
{
    /// <summary>Three texts: levels of one bit (six bytes with their size), then each text with its length.</summary>
    public static readonly byte[] ThreeTexts = [2, 0, 0, 0, 3 << 1, 1, .. Text("one"), .. Text(""), .. Text("three")];

    public byte[] Body { get; init; } = ThreeTexts;

    public byte[][] Schema { get; init; } = [Node("schema", children: 1), Node("text", type: ParquetFooter.ByteArray, repetition: 1, converted: 0)];

    public int Type { get; init; } = ParquetFooter.ByteArray;

    public long Rows { get; init; } = 3;

    public long RowsOfFile { get; init; } = long.MinValue;

    public long Values { get; init; } = 3;

    public long PageValues { get; init; } = long.MinValue;

    public int Codec { get; init; }

    public int Encoding { get; init; } = PageHeader.Plain;

    public int LevelEncoding { get; init; } = PageHeader.Rle;

    public long UncompressedBytes { get; init; } = long.MinValue;

    public long Bytes { get; init; } = long.MinValue;

    public long PartBytes { get; init; } = long.MinValue;

    public long Start { get; init; } = 4;

    public long? DictionaryStart { get; init; }

    public uint? Checksum { get; init; }

    public byte[]? Dictionary { get; init; }

    public long DictionaryValues { get; init; }

    /// <summary>Sizes of the levels, for a page of version 2.</summary>
    public (long Repetition, long Definition)? LevelsOfVersion2 { get; init; }

    public ulong? ClaimedRowGroups { get; init; }

    public bool IsInAnotherFile { get; init; }

    public bool IsEncrypted { get; init; }

    public static byte[] Text(string text)
    {
        var length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
        return [.. length, .. System.Text.Encoding.ASCII.GetBytes(text)];
    }

    /// <summary>A node of the schema; <paramref name="logical"/> is the field of the union of logical types, which are structs.</summary>
    public static byte[] Node(string name, int? type = null, int? repetition = null, int? children = null, int? converted = null, int? logical = null)
    {
        var node = new ThriftWriter();
        if (type is { } t) node.Int(1, t);
        if (repetition is { } r) node.Int(3, r);
        node.Text(4, name);
        if (children is { } c) node.Int(5, c);
        if (converted is { } meaning) node.Int(6, meaning);
        if (logical is { } kind) node.Struct(10, new ThriftWriter().Struct(kind, new ThriftWriter().End()).End());
        return node.End();
    }

    public byte[] Write()
    {
        byte[] pages = [.. Dictionary is null ? [] : Page(PageHeader.DictionaryPage, Dictionary), .. Page(LevelsOfVersion2 is null ? PageHeader.DataPage : PageHeader.DataPageV2, Body)];
        var metadata = new ThriftWriter().Int(1, Type).Int(4, Codec).Long(5, Values).Long(7, Or(PartBytes, pages.Length)).Long(9, Start);
        if (DictionaryStart is { } dictionary) metadata.Long(11, dictionary);
        var part = new ThriftWriter();
        if (IsInAnotherFile) part.Text(1, "other.parquet");
        part.Struct(3, metadata.End());
        if (IsEncrypted) part.Struct(8, new ThriftWriter().End());
        var group = new ThriftWriter().List(1, [part.End()]).Long(3, Rows).End();
        var footer = new ThriftWriter().Int(1, 1).List(2, Schema).Long(3, Or(RowsOfFile, Rows)).List(4, [group], ClaimedRowGroups).End();
        return WithFooter(pages, footer);
    }

    public static byte[] WithFooter(byte[] pages, byte[] footer)
    {
        var length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, footer.Length);
        return [.. "PAR1"u8, .. pages, .. footer, .. length, .. "PAR1"u8];
    }

    private byte[] Page(int type, byte[] body)
    {
        var header = new ThriftWriter().Int(1, type).Int(2, Or(UncompressedBytes, body.Length)).Int(3, Or(Bytes, body.Length));
        if (Checksum is { } checksum) header.Int(4, (int)checksum);
        if (type == PageHeader.DictionaryPage) header.Struct(7, new ThriftWriter().Int(1, DictionaryValues).Int(2, PageHeader.Plain).End());
        else if (LevelsOfVersion2 is var (repetition, definition))
            header.Struct(8, new ThriftWriter().Int(1, Or(PageValues, Values)).Int(2, 0).Int(3, Rows).Int(4, Encoding).Int(5, definition).Int(6, repetition).Flag(7, Codec != 0).End());
        else header.Struct(5, new ThriftWriter().Int(1, Or(PageValues, Values)).Int(2, Encoding).Int(3, LevelEncoding).Int(4, LevelEncoding).End());
        return [.. header.End(), .. body];
    }

    private static long Or(long claimed, long truth) => claimed == long.MinValue ? truth : claimed;
}
