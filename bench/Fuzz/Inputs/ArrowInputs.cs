using Apache.Arrow;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using ArrowBatch = Apache.Arrow.RecordBatch;

namespace SparkTrain.Bench;

/// <summary>Arrow streams and files: texts of several types, dictionaries, lists, packed record batches, and a folder that Hugging Face datasets has saved.</summary>
internal static class ArrowInputs
{
    private const string File = "texts.arrow";

    private static readonly string?[] Texts = ["one", "", null, "zweites Dokument äöü", "三", "one", "one", string.Concat(Enumerable.Repeat("a long text that repeats itself. ", 20))];

    /// <summary>Makes them.</summary>
    public static IReadOnlyList<FuzzInput> Make(string folder) =>
    [
        FuzzInput.OfFolder(Path.Combine(AppContext.BaseDirectory, "data-goldens", "saved-dataset")),
        .. new IArrowArray[] { Strings(), Views(), Dictionary(), Lists(), new NullArray(Texts.Length) }
            .SelectMany(column => new[] { FuzzInput.Of(File, Write(column, isFile: false, null)), FuzzInput.Of(File, Write(column, isFile: true, null)) }),
        .. new[] { CompressionCodecType.Lz4Frame, CompressionCodecType.Zstd }.Select(codec => FuzzInput.Of(File, Write(Strings(), isFile: false, codec))),
    ];

    /// <summary>Reads the Arrow files of a folder by name, then the folder.</summary>
    public static void Read(string folder)
    {
        foreach (string file in Directory.GetFiles(folder, "*.arrow")) FuzzReaders.ReadAll(file);
        FuzzReaders.ReadAll(folder);
    }

    private static StringArray Strings()
    {
        var texts = new StringArray.Builder();
        foreach (string? text in Texts) _ = text is null ? texts.AppendNull() : texts.Append(text);
        return texts.Build();
    }

    private static StringViewArray Views()
    {
        var texts = new StringViewArray.Builder();
        foreach (string? text in Texts) _ = text is null ? texts.AppendNull() : texts.Append(text);
        return texts.Build();
    }

    private static DictionaryArray Dictionary() =>
        new(new DictionaryType(Int8Type.Default, StringType.Default, false), new Int8Array.Builder().AppendRange([0, 1, 2, 3, 4, 5, 6, 7]).Build(), Strings());

    private static ListArray Lists()
    {
        var lists = new ListArray.Builder(Int32Type.Default);
        var values = (Int32Array.Builder)lists.ValueBuilder;
        for (int row = 0; row < Texts.Length; row++)
        {
            lists.Append();
            values.AppendRange(Enumerable.Range(0, row));
        }
        return lists.Build();
    }

    private static byte[] Write(IArrowArray column, bool isFile, CompressionCodecType? codec)
    {
        var schema = new Schema([new Field("id", Int64Type.Default, false), new Field(column is ListArray ? "input_ids" : "text", column.Data.DataType, true)], [new("huggingface", """{"info": {}}""")]);
        var batch = new ArrowBatch(schema, [new Int64Array.Builder().AppendRange(Enumerable.Range(0, column.Length).Select(i => (long)i)).Build(), column], column.Length);
        var options = new IpcOptions { CompressionCodec = codec, CompressionCodecFactory = new CompressionCodecFactory() };
        using var stream = new MemoryStream();
        using var writer = isFile ? new ArrowFileWriter(stream, schema, true, options) : new ArrowStreamWriter(stream, schema, true, options);
        writer.WriteRecordBatch(batch);
        writer.WriteRecordBatch(batch);
        writer.WriteEnd();
        return stream.ToArray();
    }
}
