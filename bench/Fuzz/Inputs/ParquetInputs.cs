using System.IO.Compression;
using System.Numerics;
using Parquet;
using Parquet.Schema;
using SparkTrain.Data;
using SparkTrain.Data.Tests.Hostile;
using SparkTrain.Parquet;

namespace SparkTrain.Bench;

/// <summary>Parquet files as several writers make them: all codecs, both versions of pages, dictionaries, delta encodings, lists, and columns beside the text.</summary>
internal static class ParquetInputs
{
    /// <summary>The name of the file.</summary>
    public const string File = "texts.parquet";

    private const string FewTexts = "one";

    // Definition levels of three texts that are there: six bytes with their size.
    private static readonly byte[] LevelsOfThree = [2, 0, 0, 0, 3 << 1, 1];

    private static string Goldens => Path.Combine(AppContext.BaseDirectory, "data-goldens");

    /// <summary>Makes them.</summary>
    public static IReadOnlyList<FuzzInput> Make(string folder) =>
    [
        .. Handmade().Select(file => FuzzInput.Of(File, file.Write())),
        .. Directory.GetFiles(Goldens, "*.parquet", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file => FuzzInput.Of(File, System.IO.File.ReadAllBytes(file))),
        .. Enum.GetValues<CompressionMethod>().Where(method => method is not (CompressionMethod.Lzo or CompressionMethod.LZ4)).Select(method => FuzzInput.Of(File, Texts(folder, method).GetAwaiter().GetResult())),
        FuzzInput.Of(File, Lists(folder).GetAwaiter().GetResult()),
    ];

    /// <summary>A file of tests/Data.Tests/goldens.</summary>
    public static byte[] Golden(string name) => System.IO.File.ReadAllBytes(Path.Combine(Goldens, name));

    private static HandmadeParquet[] Handmade()
    {
        var plain = new HandmadeParquet();
        byte[] list = [4, 0, 0, 0, 1 << 1, 0, 4 << 1, 1, 2, 0, 0, 0, 5 << 1, 1];
        return
        [
            plain,
            plain with { Dictionary = [.. HandmadeParquet.Text("one"), .. HandmadeParquet.Text("two")], DictionaryValues = 2, DictionaryStart = 4, Encoding = PageHeader.RleDictionary, Body = [.. LevelsOfThree, 1, 3 << 1, 1], Values = 3, Rows = 3 },
            plain with { LevelsOfVersion2 = (0, 2), Body = [3 << 1, 1, .. HandmadeParquet.ThreeTexts.AsSpan(LevelsOfThree.Length)] },
            // "one", "" and "three": their lengths, then their letters.
            plain with { Encoding = PageHeader.DeltaLengthByteArray, Body = [.. LevelsOfThree, .. Deltas([3, 0, 5]), .. "onethree"u8] },
            // "one", "once" and "two": what each has in common with the one before, then lengths and letters of the rest.
            plain with { Encoding = PageHeader.DeltaByteArray, Body = [.. LevelsOfThree, .. Deltas([0, 2, 0]), .. Deltas([3, 2, 3]), .. "onecetwo"u8] },
            Tokens with { Body = [.. list, .. Enumerable.Range(0, 5).SelectMany(BitConverter.GetBytes)] },
            Tokens with { Encoding = PageHeader.DeltaBinaryPacked, Body = [.. list, .. Deltas([7, 5, 300, 0, 2])] },
        ];
    }

    private static HandmadeParquet Tokens => new()
    {
        Schema = [HandmadeParquet.Node("schema", children: 1), HandmadeParquet.Node("tokens", ParquetFooter.Int32, repetition: 2)], Type = ParquetFooter.Int32, Rows = 1, Values = 5,
    };

    // DELTA_BINARY_PACKED of up to 33 values: one block of 128 deltas in four miniblocks, the last three of which have no bits.
    private static byte[] Deltas(int[] values)
    {
        int[] deltas = [.. values.Zip(values.Skip(1), (a, b) => b - a)];
        int least = deltas.Min(), width = 32 - BitOperations.LeadingZeroCount((uint)(deltas.Max() - least));
        byte[] bits = new byte[width * 32 / 8];
        foreach (var (index, delta) in deltas.Index())
            for (int bit = 0; bit < width; bit++) bits[(index * width + bit) / 8] |= (byte)((delta - least >> bit & 1) << (index * width + bit) % 8);
        return [.. Varint(128), .. Varint(4), .. Varint(values.Length), .. Varint(2 * values[0]), .. Varint(least << 1 ^ least >> 31), (byte)width, 0, 0, 0, .. bits];
    }

    private static byte[] Varint(int value) => value is >= 0 and < 0x80 ? [(byte)value] : [(byte)(value | 0x80), .. Varint(value >>> 7)];

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
