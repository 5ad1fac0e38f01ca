using Apache.Arrow;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using SparkTrain.Input;
using SparkTrain.Support;
using ArrowBatch = Apache.Arrow.RecordBatch;

namespace SparkTrain.Data.Tests;

public sealed class ArrowDocumentsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    // Another program wrote it; see goldens/README.md.
    [Fact]
    public void A_data_set_that_Hugging_Face_has_saved_is_read()
    {
        var source = DocumentSources.Open(GoldenFiles.At("saved-dataset"), "text");
        Assert.Equal(["one document", "a second – naïve", "third"], source.ReadAll(out _).Select(d => d.Text));
        Assert.Empty(source.LeftOut);
    }

    [Theory]
    [InlineData(CompressionCodecType.Lz4Frame)]
    [InlineData(CompressionCodecType.Zstd)]
    public void Packed_record_batches_are_read(CompressionCodecType codec)
    {
        string[] texts = [.. Enumerable.Range(0, 2000).Select(i => $"again and again {i % 7}")];
        Write("a.arrow", codec, Texts(texts[..900]), Texts(texts[900..]));
        Assert.True(new FileInfo(folder["a.arrow"]).Length < texts.Sum(t => t.Length) / 2);
        Assert.Equal(texts, Read("a.arrow"));
    }

    // state.json names the second file first; a cache lies beside them.
    [Fact]
    public void Files_of_a_saved_data_set_are_read_in_its_order()
    {
        foreach (string split in new[] { "train", "test" })
        {
            Write($"{split}/data-00000-of-00002.arrow", null, Texts([$"{split} two"]));
            Write($"{split}/data-00001-of-00002.arrow", null, Texts([$"{split} one"]));
            Write($"{split}/cache-1f2e.arrow", null, Texts(["a cache"]));
            folder.Write($"{split}/state.json", """{"_data_files":[{"filename":"data-00001-of-00002.arrow"},{"filename":"data-00000-of-00002.arrow"}],"_fingerprint":"1"}""");
            folder.Write($"{split}/dataset_info.json", """{"description": "not a document"}""");
        }
        folder.Write("dataset_dict.json", """{"splits": ["train", "test"]}""");
        var source = DocumentSources.Open(folder.Path, "text");
        Assert.Equal(["train one", "train two", "test one", "test two"], source.ReadAll(out _).Select(d => d.Text));
        Assert.Equal(["no part of the data set that is saved there"], source.LeftOut.Select(f => f.Why).Distinct());
    }

    [Theory]
    [InlineData("""{"_data_files":[{"filename":"a.arrow"},{"filename":"b.arrow"}]}""", "b.arrow, which is not there")]
    [InlineData("""{"_data_files":[{"filename":"../a.arrow"}]}""", "'../a.arrow'")]
    [InlineData("""{"_data_files":[{"filename":"a.arrow"},{"filename":"a.arrow"}]}""", "'a.arrow'")]
    [InlineData("""{"_data_files":[7]}""", "''")]
    [InlineData("""{"_data_files":[{"filename":"a.arrow"}],"_indices_data_files":[{"filename":"indices.arrow"}]}""", "a file of indices")]
    public void A_saved_data_set_that_is_not_whole_is_refused(string state, string found)
    {
        Write("a.arrow", null, Texts(["one"]));
        folder.Write("state.json", state);
        Assert.Contains(found, Assert.Throws<DataException>(() => DocumentSources.Open(folder.Path, "text")).Found, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"text": "a document"}""")]
    [InlineData("""[1]""")]
    [InlineData("""{"_data_files": 3, "text": "a document"}""")]
    public void Another_programs_state_file_means_nothing(string state)
    {
        Write("a.arrow", null, Texts(["one"]));
        folder.Write("state.json", state);
        Assert.Contains("one", DocumentSources.Open(folder.Path, "text").ReadAll(out _).Select(d => d.Text));
    }

    [Fact]
    public void A_text_in_a_struct_is_named_by_its_path()
    {
        var texts = new StringArray.Builder().Append("one").AppendNull().Append("hidden").Build();
        var type = new StructType([new Field("inner", StringType.Default, true)]);
        var outer = new StructArray(type, 3, [texts], new ArrowBuffer(new byte[] { 0b011 }), 1);
        Write("a.arrow", null, new ArrowBatch(new Schema([new Field("outer", type, true)], null), [outer], 3));
        Assert.Equal(["one"], ArrowDocuments.Read(folder["a.arrow"], "outer.inner").Decode(out var skipped).Select(d => d.Text));
        Assert.Equal(2, skipped.Empty);
    }

    [Fact]
    public void Packed_files_and_Feather_of_version_1_are_refused_by_name()
    {
        Write("a.arrow", null, Texts(["one"]));
        using (var packed = new System.IO.Compression.GZipStream(File.Create(folder["b.arrow.gz"]), System.IO.Compression.CompressionLevel.Fastest)) packed.Write(File.ReadAllBytes(folder["a.arrow"]));
        Assert.Contains("a packed Arrow file", Assert.Throws<DataException>(() => DocumentSources.Open(folder["b.arrow.gz"], "text").ReadAll(out _)).Found, StringComparison.Ordinal);
        folder.Write("c.feather", "FEA1 and more");
        Assert.Contains("Feather V1", Assert.Throws<DataException>(() => Read("c.feather")).Found, StringComparison.Ordinal);
    }

    private static ArrowBatch Texts(string[] texts) => new(new Schema([new Field("text", StringType.Default, true)], null), [new StringArray.Builder().AppendRange(texts).Build()], texts.Length);

    private string[] Read(string file) => [.. DocumentSources.Open(folder[file], "text").ReadAll(out _).Select(d => d.Text!)];

    private void Write(string name, CompressionCodecType? codec, params ArrowBatch[] batches)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder[name])!);
        using var file = File.Create(folder[name]);
        using var writer = new ArrowStreamWriter(file, batches[0].Schema, false, new IpcOptions { CompressionCodec = codec, CompressionCodecFactory = new CompressionCodecFactory() });
        foreach (var batch in batches) writer.WriteRecordBatch(batch);
        writer.WriteEnd();
    }
}
