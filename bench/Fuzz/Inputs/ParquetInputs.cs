using System.IO.Compression;
using Parquet;
using Parquet.Schema;
using SparkTrain.Data;
using SparkTrain.Data.Tests.Hostile;

namespace SparkTrain.Bench;

/// <summary>Parquet files as several writers make them: all codecs, both versions of pages, dictionaries, delta encodings, lists, and columns beside the text.</summary>
internal static class ParquetInputs
{
    /// <summary>The name of the file.</summary>
    public const string File = "texts.parquet";

    private const string FewTexts = "one";

    // Definition levels of three texts that are there: six bytes with their size.
    private static readonly byte[] LevelsOfThree = [2, 0, 0, 0, 3 << 1, 1];

    /// <summary>Makes them.</summary>
    public static IReadOnlyList<FuzzInput> Make(string folder) =>
    [
        .. Handmade().Select(file => FuzzInput.Of(File, file.Write())),
        FuzzInput.Of(File, Golden("hyparquet-text.parquet")),
        FuzzInput.Of(File, Golden("fastparquet-text.parquet")),
        FuzzInput.Of(File, Golden("null-text-column/01.parquet")),
        .. Enum.GetValues<CompressionMethod>().Where(method => method is not (CompressionMethod.Lzo or CompressionMethod.LZ4)).Select(method => FuzzInput.Of(File, Texts(folder, method).GetAwaiter().GetResult())),
        FuzzInput.Of(File, Lists(folder).GetAwaiter().GetResult()),
    ];

    /// <summary>A file of tests/Data.Tests/goldens.</summary>
    public static byte[] Golden(string name) => System.IO.File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "data-goldens", name));

    private static HandmadeParquet[] Handmade()
    {
        var plain = new HandmadeParquet();
        // Deltas in one block of 128 values and four miniblocks: lengths of "one", "" and "three", then their bytes.
        byte[] lengths = [0x80, 0x01, 4, 3, 6, 5, 4, 0, 0, 0, .. Bits(4, [0, 8]), .. "onethree"u8];
        byte[] list = [4, 0, 0, 0, 1 << 1, 0, 4 << 1, 1, 2, 0, 0, 0, 5 << 1, 1, .. Enumerable.Range(0, 5).SelectMany(BitConverter.GetBytes)];
        return
        [
            plain,
            plain with { Dictionary = [.. HandmadeParquet.Text("one"), .. HandmadeParquet.Text("two")], DictionaryValues = 2, DictionaryStart = 4, Encoding = PageHeader.RleDictionary, Body = [.. LevelsOfThree, 1, 3 << 1, 1], Values = 3, Rows = 3 },
            plain with { LevelsOfVersion2 = (0, 2), Body = [3 << 1, 1, .. HandmadeParquet.ThreeTexts.AsSpan(LevelsOfThree.Length)] },
            plain with { Encoding = PageHeader.DeltaLengthByteArray, Body = [.. LevelsOfThree, .. lengths] },
            new() { Schema = [HandmadeParquet.Node("schema", children: 1), HandmadeParquet.Node("tokens", ParquetFooter.Int32, repetition: 2)], Type = ParquetFooter.Int32, Rows = 1, Values = 5, Body = list },
        ];
    }

    // Whole miniblocks of values of some bits, the lowest first; what is not given is 0.
    private static byte[] Bits(int width, int[] values)
    {
        byte[] bytes = new byte[width * 32 / 8];
        for (int i = 0; i < values.Length; i++)
            for (int bit = 0; bit < width; bit++) bytes[(i * width + bit) / 8] |= (byte)((values[i] >> bit & 1) << ((i * width + bit) % 8));
        return bytes;
    }

    private static async Task<byte[]> Texts(string folder, CompressionMethod method)
    {
        string path = Path.Combine(folder, $"{method}.parquet");
        var (text, score, tags) = (new DataField("text", typeof(string), true), new DataField<double>("score"), new DataField("url", typeof(string), true));
        await using (var stream = System.IO.File.Create(path))
        await using (var writer = await ParquetWriter.CreateAsync(new ParquetSchema(score, text, tags), stream, new ParquetOptions { CompressionMethod = method, CompressionLevel = CompressionLevel.Optimal }))
        {
            for (int group = 0; group < 2; group++)
            {
                using var rows = writer.CreateRowGroup();
                await rows.WriteAsync<double>(score, new double[] { 1, 2, 3, 4, 5, 6, 7, 8 });
                await rows.WriteAsync(text, [FewTexts, "", null!, "zweites Dokument äöü", "三", FewTexts, FewTexts, string.Concat(Enumerable.Repeat("a long text that repeats itself. ", 20))]);
                await rows.WriteAsync(tags, ["a", "b", "a", "a", "b", "a", "a", null!]);
            }
        }
        return await System.IO.File.ReadAllBytesAsync(path);
    }

    private static async Task<byte[]> Lists(string folder)
    {
        string path = Path.Combine(folder, "lists.parquet");
        var element = new DataField<long>("element");
        await using (var stream = System.IO.File.Create(path))
        await using (var writer = await ParquetWriter.CreateAsync(new ParquetSchema(new ListField("input_ids", element)), stream, new ParquetOptions { CompressionMethod = CompressionMethod.None }))
        {
            using var rows = writer.CreateRowGroup();
            int present = element.MaxDefinitionLevel;
            int[] definition = [present, present, present, present - 1, present], repetition = [0, 1, 1, 0, 0];
            await rows.WriteAllPartsAsync<long>(element, new long[] { 5, 6, 7, 8 }, definition, repetition, default);
        }
        return await System.IO.File.ReadAllBytesAsync(path);
    }
}
