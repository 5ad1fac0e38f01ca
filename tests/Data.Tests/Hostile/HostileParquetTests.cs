using System.IO.Compression;
using System.Runtime.InteropServices;
using SparkTrain.Input;
using SparkTrain.Parquet;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests.Hostile;

/// <summary>Files of other writers that lie: each is refused by name, and no claim of theirs takes memory.</summary>
public sealed class HostileParquetTests
{
    private const long MostAllocated = 4 << 20;

    private const int Unknown = 11;

    private static readonly byte[] LevelsOfThree = [2, 0, 0, 0, 3 << 1, 1];

    private SkippedDocuments skipped;

    [Fact]
    public void The_honest_file_is_read() => Assert.Equal(["one", "three"], Read(new HandmadeParquet()).Select(d => d.Text));

    // The checksum was computed with Python: zlib.crc32 of the page's bytes.
    [Fact]
    public void Checksums_of_pages_are_compared()
    {
        Assert.Equal(["one", "three"], Read(new HandmadeParquet { Checksum = 0x22CC5D41 }).Select(d => d.Text));
        Refuse(new HandmadeParquet { Checksum = 0x22CC5D40 }, "does not match its checksum");
    }

    public static TheoryData<string, string> Lies => new()
    {
        { "rows -1", "-1 rows" },
        { "rows 2^40", "has 3 rows, the footer says 1099511627776" },
        { "rows of the file", "its row groups 3" },
        { "row groups 2^60", "a list of 1152921504606846976" },
        { "values -1", "-1 values" },
        { "values 2^62", "end before all values" },
        { "values of the page 2^31 - 1", "a page of 2147483647 values where 3 are left" },
        { "values of the page -1", "negative" },
        { "bytes 2^31 - 1", "a page of 2147483647 bytes" },
        { "bytes -1", "negative" },
        { "bytes of the column 10 GB", "in 10000000000 bytes" },
        { "bytes of the column -1", "in -1 bytes" },
        { "start beyond the end", "from 10000000000 on" },
        { "start 0", "from 0 on" },
        { "uncompressed, 2 GB", "claims to unpack" },
        { "snappy, 2 GB", "claims to unpack" },
        { "gzip, 2 GB", "does not unpack to 2147483647 bytes" },
        { "brotli, 2 GB", "does not unpack to 2147483647 bytes" },
        { "zstd, 2 GB", "claims to unpack" },
        { "lz4, 2 GB", "claims to unpack" },
        { "old lz4, 2 GB", "claims to unpack" },
        { "lzo", "LZO" },
        { "codec 77", "codec 77" },
        { "dictionary of 2^31 - 1", "a dictionary of 2147483647 values" },
        { "no dictionary", "the dictionary is missing" },
        { "index beyond the dictionary", "value 5 of a dictionary of 1" },
        { "text of 4 GB", "a text of 4294967295 bytes" },
        { "texts that are left", "more values than its levels say" },
        { "levels of 4 GB", "levels of 4294967295 bytes" },
        { "levels that end early", "bytes are wanted where 0 are left" },
        { "levels in bits", "levels have the encoding 4" },
        { "indices of 255 bits", "values of 255 bits" },
        { "delta of 2^60", "a page of 1152921504606846976 values" },
        { "delta of 1", "2 values are wanted where 1 are left" },
        { "delta in blocks of 0", "blocks of 0 values" },
        { "encoding 99", "the encoding 99" },
        { "levels of version 2 beyond the page", "levels of 0 and 2147483647" },
        { "negative levels of version 2", "levels of -5 and 0" },
        { "schema with 2^31 - 1 children", "no tree" },
        { "schema a thousand deep", "no tree" },
        { "schema with nodes left over", "of which 2 are used" },
        { "structs inside structs", "without end" },
        { "in another file", "in another file" },
        { "encrypted", "it is encrypted" },
        { "type of the column", "values of type 1" },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public void A_lie_is_refused_and_takes_no_memory(string lie, string found) => Refuse(Tell(lie), found);

    [Fact]
    public void Ten_million_rows_in_a_few_bytes_are_counted_and_take_no_memory()
    {
        const int Rows = 10_000_000;
        // A run of 10,000,000 zeros: twice the length as a varint, then the value.
        var file = new HandmadeParquet { Body = [5, 0, 0, 0, 0x80, 0xDA, 0xC4, 0x09, 0], Rows = Rows, Values = Rows };
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Empty(Read(file));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostAllocated);
        Assert.Equal(Rows, skipped.Empty);
    }

    [Fact]
    public void Text_that_is_not_utf8_is_counted()
    {
        var documents = Read(new HandmadeParquet { Body = [.. LevelsOfThree, .. HandmadeParquet.Text("one"), 2, 0, 0, 0, 0xC3, 0x28, .. HandmadeParquet.Text("three")] });
        Assert.Equal(["one", "three"], documents.Select(d => d.Text));
        Assert.Equal(1, skipped.Invalid);
    }

    // The text lies in a struct, so there are two levels of being there: 2 both, 1 the struct alone, 0 nothing.
    [Fact]
    public void A_text_in_a_struct_is_named_by_its_path()
    {
        using var folder = new TemporaryFolder();
        var nested = new HandmadeParquet
        {
            Schema = [HandmadeParquet.Node("schema", children: 1), HandmadeParquet.Node("outer", repetition: 1, children: 1), HandmadeParquet.Node("inner", ParquetFooter.ByteArray, repetition: 1)],
            Body = [3, 0, 0, 0, 3, 0b00_01_10, 0, .. HandmadeParquet.Text("one")],
        };
        var file = folder.Write("nested.parquet", nested.Write());
        Assert.Equal(["one"], ParquetDocuments.Read(file, "outer.inner").Decode(out skipped).Select(d => d.Text));
        Assert.Equal(2, skipped.Empty);
    }

    // Spark's older way of writing lists: a repeated value without a group of its own. Lists: 7 8, none, 9; levels 0 1 0 0 and 2 2 0 2.
    [Fact]
    public void Lists_of_two_levels_are_read()
    {
        var lists = new HandmadeParquet
        {
            Schema = [HandmadeParquet.Node("spark_schema", children: 1), HandmadeParquet.Node("tokens", repetition: 1, children: 1, converted: 3), HandmadeParquet.Node("array", ParquetFooter.Int32, repetition: 2)],
            Type = ParquetFooter.Int32,
            Values = 4,
            Body = [2, 0, 0, 0, 3, 0b0010, 3, 0, 0, 0, 3, 0b10_00_10_10, 0, 7, 0, 0, 0, 8, 0, 0, 0, 9, 0, 0, 0],
        };
        Assert.Equal([[7, 8], [9]], Read(lists).Select(d => d.Tokens!));
        Assert.Equal(1, skipped.Empty);
    }

    // Behind the lengths 3, 0 and 5 (blocks of 128 in 4 miniblocks, the differences −3 and 5 in 4 bits above −3) lie the bytes, then padding.
    [Fact]
    public void Zeros_behind_the_last_value_are_padding_in_every_encoding()
    {
        byte[] lengths = [0x80, 1, 4, 3, 6, 5, 4, 0, 0, 0, 0x80, .. new byte[15]], padding = new byte[8];
        HandmadeParquet texts = new(), delta = new() { Encoding = PageHeader.DeltaLengthByteArray, Body = [.. LevelsOfThree, .. lengths, .. "onethree"u8, .. padding] };
        Assert.All([texts with { Body = [.. HandmadeParquet.ThreeTexts, .. padding] }, delta], file => Assert.Equal(["one", "three"], Read(file).Select(d => d.Text)));
        var tokens = Tokens(ParquetFooter.Int32, null) with { Body = [2, 0, 0, 0, 3 << 1, 0, 2, 0, 0, 0, 3 << 1, 2, 7, 0, 0, 0, 8, 0, 0, 0, 9, 0, 0, 0, .. padding] };
        Assert.Equal([[7], [8], [9]], Read(tokens).Select(d => d.Tokens!));
    }

    // LogicalType has UNKNOWN as field 11; the physical type says nothing.
    [Theory]
    [InlineData(0, PageHeader.Plain)]
    [InlineData(ParquetFooter.Int32, PageHeader.RleDictionary)]
    [InlineData(ParquetFooter.ByteArray, PageHeader.Plain)]
    public void A_column_of_type_null_is_empty_documents(int type, int encoding)
    {
        var nulls = new HandmadeParquet { Schema = [HandmadeParquet.Node("schema", children: 1), HandmadeParquet.Node("text", type, repetition: 1, logical: Unknown)], Type = type, Encoding = encoding, Body = [2, 0, 0, 0, 3 << 1, 0] };
        Assert.Empty(Read(nulls));
        Assert.Equal(3, skipped.Empty);
        Refuse(nulls with { Encoding = PageHeader.Plain, Body = HandmadeParquet.ThreeTexts }, "a value in a column of nulls");
    }

    // Of rows without any token the writer does not know what they would be.
    [Fact]
    public void Lists_of_type_null_are_empty_documents()
    {
        Assert.Empty(Read(Tokens(ParquetFooter.Int32, Unknown) with { Body = [2, 0, 0, 0, 3 << 1, 0, 2, 0, 0, 0, 3 << 1, 1] }));
        Assert.Equal(3, skipped.Empty);
    }

    // A string of 2³⁰ − 33 characters is the longest that there is. Nobody reads the bytes behind the first, which are not there.
    [Fact]
    public void A_text_that_no_string_can_hold_is_refused()
    {
        byte only = 0;
        var error = Assert.Throws<DataException>(() => ForeignColumns.Text(MemoryMarshal.CreateReadOnlySpan(ref only, (1 << 30) - 32), "a row group", 7));
        Assert.Equal("a row group row 7", error.Where);
        Assert.Throws<OutOfMemoryException>(() => new string('a', (1 << 30) - 32));
    }

    [Fact]
    public void Nulls_need_no_dictionary()
    {
        Assert.Empty(Read(new HandmadeParquet { Encoding = PageHeader.RleDictionary, Body = [2, 0, 0, 0, 3 << 1, 0] }));
        Assert.Equal(3, skipped.Empty);
    }

    private static HandmadeParquet Tokens(int type, int? logical) => new()
    {
        Schema = [HandmadeParquet.Node("schema", children: 1), HandmadeParquet.Node("tokens", repetition: 1, children: 1, converted: 3), HandmadeParquet.Node("array", type, repetition: 2, logical: logical)],
        Type = type,
    };

    private static HandmadeParquet Tell(string lie)
    {
        var honest = new HandmadeParquet();
        const int TwoGigabytes = int.MaxValue;
        return lie switch
        {
            "rows -1" => honest with { Rows = -1 },
            "rows 2^40" => honest with { Rows = 1L << 40 },
            "rows of the file" => honest with { RowsOfFile = 2 },
            "row groups 2^60" => honest with { ClaimedRowGroups = 1UL << 60 },
            "values -1" => honest with { Values = -1 },
            "values 2^62" => honest with { Values = 1L << 62, PageValues = 3 },
            "values of the page 2^31 - 1" => honest with { PageValues = int.MaxValue },
            "values of the page -1" => honest with { PageValues = -1 },
            "bytes 2^31 - 1" => honest with { Bytes = int.MaxValue },
            "bytes -1" => honest with { Bytes = -1 },
            "bytes of the column 10 GB" => honest with { PartBytes = 10_000_000_000 },
            "bytes of the column -1" => honest with { PartBytes = -1 },
            "start beyond the end" => honest with { Start = 10_000_000_000 },
            "start 0" => honest with { Start = 0 },
            "uncompressed, 2 GB" => honest with { UncompressedBytes = TwoGigabytes },
            "snappy, 2 GB" => honest with { Codec = PageCompression.Snappy, UncompressedBytes = TwoGigabytes, Body = [0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0] },
            "gzip, 2 GB" => honest with { Codec = PageCompression.Gzip, UncompressedBytes = TwoGigabytes, Body = Pack(to => new GZipStream(to, CompressionLevel.Fastest)) },
            "brotli, 2 GB" => honest with { Codec = PageCompression.Brotli, UncompressedBytes = TwoGigabytes, Body = Pack(to => new BrotliStream(to, CompressionLevel.Fastest)) },
            "zstd, 2 GB" => honest with { Codec = PageCompression.Zstd, UncompressedBytes = TwoGigabytes, Body = Pack(to => new ZstdSharp.CompressionStream(to)) },
            "lz4, 2 GB" => honest with { Codec = PageCompression.Lz4, UncompressedBytes = TwoGigabytes },
            "old lz4, 2 GB" => honest with { Codec = PageCompression.OldLz4, UncompressedBytes = TwoGigabytes },
            "lzo" => honest with { Codec = 3 },
            "codec 77" => honest with { Codec = 77 },
            "dictionary of 2^31 - 1" => honest with { Dictionary = HandmadeParquet.Text("one"), DictionaryValues = int.MaxValue },
            "no dictionary" => honest with { Encoding = PageHeader.RleDictionary, Body = [.. LevelsOfThree, 1, 3 << 1, 0] },
            "index beyond the dictionary" => honest with { Dictionary = HandmadeParquet.Text("one"), DictionaryValues = 1, Encoding = PageHeader.RleDictionary, Body = [.. LevelsOfThree, 8, 3 << 1, 5] },
            "text of 4 GB" => honest with { Body = [.. LevelsOfThree, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3] },
            "texts that are left" => honest with { Body = [.. HandmadeParquet.ThreeTexts, .. HandmadeParquet.Text("four")] },
            "levels of 4 GB" => honest with { Body = [0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3] },
            "levels that end early" => honest with { Body = [2, 0, 0, 0, 2 << 1, 1, .. HandmadeParquet.Text("one"), .. HandmadeParquet.Text("two")] },
            "levels in bits" => honest with { LevelEncoding = 4 },
            "indices of 255 bits" => honest with { Dictionary = HandmadeParquet.Text("one"), DictionaryValues = 1, Encoding = PageHeader.RleDictionary, Body = [.. LevelsOfThree, 255, 3 << 1, 0] },
            "delta of 2^60" => honest with { Encoding = PageHeader.DeltaLengthByteArray, Body = [.. LevelsOfThree, 8, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10, 0] },
            "delta of 1" => honest with { Encoding = PageHeader.DeltaLengthByteArray, Body = [.. LevelsOfThree[..4], 2 << 1, 1, 8, 1, 1, 0], Rows = 2, Values = 2 },
            "delta in blocks of 0" => honest with { Encoding = PageHeader.DeltaLengthByteArray, Body = [.. LevelsOfThree, 0, 1, 3, 0] },
            "encoding 99" => honest with { Encoding = 99 },
            "levels of version 2 beyond the page" => honest with { LevelsOfVersion2 = (0, int.MaxValue) },
            "negative levels of version 2" => honest with { LevelsOfVersion2 = (-5, 0) },
            "schema with 2^31 - 1 children" => honest with { Schema = [HandmadeParquet.Node("schema", children: int.MaxValue), HandmadeParquet.Node("text", ParquetFooter.ByteArray)] },
            "schema a thousand deep" => honest with { Schema = [.. Enumerable.Range(0, 1000).Select(i => HandmadeParquet.Node("a", children: 1)), HandmadeParquet.Node("text", ParquetFooter.ByteArray)] },
            "schema with nodes left over" => honest with { Schema = [.. honest.Schema, HandmadeParquet.Node("more", ParquetFooter.ByteArray)] },
            "structs inside structs" => honest with { Schema = [[0xEC, .. Enumerable.Repeat((byte)0x1C, 100_000)]] },
            "in another file" => honest with { IsInAnotherFile = true },
            "encrypted" => honest with { IsEncrypted = true },
            "type of the column" => honest with { Type = ParquetFooter.Int32 },
            _ => throw new ArgumentException(lie),
        };
    }

    private static byte[] Pack(Func<Stream, Stream> packing)
    {
        using var packed = new MemoryStream();
        using (var stream = packing(packed)) stream.Write(HandmadeParquet.ThreeTexts);
        return packed.ToArray();
    }

    private void Refuse(HandmadeParquet file, string found)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<DataException>(() => Read(file));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostAllocated);
        Assert.Contains(found, error.Found, StringComparison.Ordinal);
        Assert.Matches(@"handmade\.parquet (footer|row group 0)$", error.Where);
    }

    private Document[] Read(HandmadeParquet file)
    {
        using var folder = new TemporaryFolder();
        return [.. ParquetDocuments.Read(folder.Write("handmade.parquet", file.Write()), "text").Decode(out skipped)];
    }
}
