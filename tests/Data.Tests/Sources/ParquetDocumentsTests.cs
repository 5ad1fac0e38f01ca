using Parquet;
using Parquet.Schema;
using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests;

public sealed class ParquetDocumentsTests
{
    private SkippedDocuments skipped;

    [Fact]
    public async Task Text_columns_are_documents_and_missing_text_is_counted()
    {
        using var folder = new TemporaryFolder();
        await WriteText(folder["a.parquet"], "text", ["one", "", null, "two é"]);
        Assert.Equal(["one", "two é"], Read(folder["a.parquet"]).Select(d => d.Text));
        Assert.Equal(2, skipped.Empty);
    }

    [Fact]
    public async Task The_text_column_may_have_another_name()
    {
        using var folder = new TemporaryFolder();
        await WriteText(folder["a.parquet"], "content", ["one"]);
        var error = Assert.Throws<DataException>(() => Read(folder["a.parquet"]));
        Assert.Contains("content (string)", error.Message, StringComparison.Ordinal);
        Assert.Single(ParquetDocuments.Read(folder["a.parquet"], "content").Decode(out _));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Lists_of_tokens_are_documents_row_by_row(bool isLong)
    {
        using var folder = new TemporaryFolder();
        await WriteLists(folder["a.parquet"], isLong);
        Assert.Equal([[5, 6, 7], [8]], Read(folder["a.parquet"]).Select(d => d.Tokens!));
        Assert.Equal(1, skipped.Empty);   // the row between them is an empty list
    }

    [Fact]
    public async Task Reading_goes_on_at_any_row()
    {
        using var folder = new TemporaryFolder();
        await WriteText(folder["a.parquet"], "text", ["one", "", null, "two"], ["three"], ["four", "five", "six"]);
        var all = ParquetDocuments.Read(folder["a.parquet"], "text").Select(r => r.Decode()).ToList();
        Assert.Equal(8, all.Count);
        for (var skip = 0; skip <= 8; skip++)
            Assert.Equal(all.Skip(skip), ParquetDocuments.Read(folder["a.parquet"], "text", skip).Select(r => r.Decode()));
    }

    // goldens/README.md says how it was written.
    [Fact]
    public void A_file_of_another_writer_is_read()
    {
        Assert.Equal(["first document", "zweites Dokument äöü", "三"], Read(GoldenFiles.At("hyparquet-text.parquet")).Select(d => d.Text));
    }

    // pyarrow, polars and duckdb read 20 texts from it, 5 of them empty.
    [Fact]
    public void Padding_behind_the_last_value_is_no_damage()
    {
        var documents = Read(GoldenFiles.At("fastparquet-text.parquet"));
        Assert.Equal("first document, hand made", documents[0].Text);
        Assert.Equal((15, 5L), (documents.Count, skipped.Empty));
    }

    // The middle one of three shards holds five rows whose texts are all null, so that its column has no type.
    [Fact]
    public void A_shard_whose_texts_are_all_null_is_empty_documents()
    {
        using var folder = new TemporaryFolder();
        var manifest = DatasetBuilder.Build(new PrepareOptions { Sources = [GoldenFiles.At("null-text-column")], Output = folder["set"] }).Manifest;
        Assert.Equal(33, manifest.Train.Documents + manifest.Validation.Documents);
        Assert.Equal(12, manifest.EmptyDocuments);
    }

    private List<Document> Read(string file) => ParquetDocuments.Read(file, "text").Decode(out skipped);

    private static async Task WriteText(string path, string column, params string?[][] rowGroups)
    {
        var field = new DataField(column, typeof(string), true);
        await using var stream = File.Create(path);
        await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema(field), stream, Options);
        foreach (var texts in rowGroups)
        {
            using var rows = writer.CreateRowGroup();
            await rows.WriteAsync(field, texts!);
        }
    }

    private static async Task WriteLists(string path, bool isLong)
    {
        var element = isLong ? (DataField)new DataField<long>("element") : new DataField<int>("element");
        var list = new ListField("input_ids", element);
        await using var stream = File.Create(path);
        await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema(list), stream, Options);
        using var rows = writer.CreateRowGroup();
        var present = element.MaxDefinitionLevel;
        int[] definition = [present, present, present, present - 1, present], repetition = [0, 1, 1, 0, 0];
        if (isLong) await rows.WriteAllPartsAsync<long>(element, new long[] { 5, 6, 7, 8 }, definition, repetition, default);
        else await rows.WriteAllPartsAsync<int>(element, new[] { 5, 6, 7, 8 }, definition, repetition, default);
    }

    private static ParquetOptions Options =>
        new() { CompressionMethod = CompressionMethod.None, CompressionLevel = System.IO.Compression.CompressionLevel.Optimal };
}
