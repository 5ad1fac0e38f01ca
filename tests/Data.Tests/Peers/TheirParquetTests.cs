using System.Globalization;
using System.Text;
using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests.Peers;

/// <summary>What DuckDB and arrow-rs write is read as they wrote it, in every layout they have, or refused with a reason.</summary>
[Collection(nameof(TheirParquetFiles))]
[Trait("Category", "Peers")]
public sealed class TheirParquetTests(TheirParquetFiles files)
{
    [Fact]
    public void Every_file_of_another_writer_gives_the_documents_that_it_wrote()
    {
        var readable = files.Files.Where(file => file.Rows != TheirFiles.Refused).ToList();
        Assert.True(readable.Count > 90, $"there are {readable.Count} files");
        Assert.All(readable, file =>
        {
            var rows = files.Rows(file.Rows);
            Assert.Equal(rows.Where(row => !string.IsNullOrEmpty(row)), ParquetDocuments.Read(file.Path, "text").Decode(out var skipped).Select(Written));
            Assert.Equal(rows.Count(string.IsNullOrEmpty), skipped.Empty);
            Assert.Equal(0, skipped.Invalid);
        });
    }

    [Theory]
    [InlineData("duckdb-encrypted", "footer", "it is encrypted")]
    [InlineData("duckdb-lists-of-lists", "", "tokens.list.element.list.element (INT32)")]
    [InlineData("duckdb-numbers", "", "text (INT32 of another meaning)")]
    [InlineData("duckdb-null-token", "row group 0 row 0", "a token is null")]
    [InlineData("duckdb-large-token", "row group 0 row 0", "a token is 4294967296")]
    public void What_cannot_be_read_is_named_with_the_way_out(string name, string place, string found)
    {
        var path = files[$"{name}.parquet"];
        Assert.Contains((path, TheirFiles.Refused), files.Files);
        var error = Assert.Throws<DataException>(() => ParquetDocuments.Read(path, "text").Count());
        Assert.Equal($"{path} {place}".TrimEnd(), error.Where);
        Assert.Contains(found, error.Found, StringComparison.Ordinal);
        Assert.Contains("do: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("duckdb-text-zstd-V2", "texts")]
    [InlineData("arrow-text-DELTA_BYTE_ARRAY-V2", "texts")]
    [InlineData("duckdb-usmallint", "small")]
    [InlineData("arrow-uint32", "small")]
    public void Prepare_keeps_every_document_and_counts_the_empty_ones(string name, string rowsName)
    {
        using var folder = new TemporaryFolder();
        var manifest = DatasetBuilder.Build(new PrepareOptions { Sources = [files[$"{name}.parquet"]], Output = folder["set"], ValidationFraction = 0.1 }).Manifest;
        var rows = files.Rows(rowsName);
        Assert.Equal(rows.Count(string.IsNullOrEmpty), manifest.EmptyDocuments);
        using var set = TokenDataset.Open(folder["set"]);
        // Every document begins with 256 and ends with 257; between them lie the bytes of its text, or its tokens.
        var documents = new[] { set.Train, set.Validation }.SelectMany(split => split.ReadDocuments(0, split.Documents)).Select(document => document.Tokens[1..^1]);
        var expected = rows.Where(row => !string.IsNullOrEmpty(row)).Select(row => rowsName == "texts" ? string.Join(',', Encoding.UTF8.GetBytes(row!)) : row!);
        Assert.Equal(expected.Order(StringComparer.Ordinal), documents.Select(tokens => string.Join(',', tokens)).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("duckdb-negative-token", "row group 0 row 0", "a token is -1")]
    [InlineData("duckdb-int64-zstd-V1", "row group 0 row 8", "a token is ")]
    public void Prepare_refuses_ids_that_the_tokenizer_does_not_have(string name, string place, string found)
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<DataException>(() => DatasetBuilder.Build(new PrepareOptions { Sources = [files[$"{name}.parquet"]], Output = folder["set"] }));
        Assert.Equal($"{files[$"{name}.parquet"]} {place}", error.Where);
        Assert.Contains(found, error.Found, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["set"]));
    }

    private static string Written(Document document) => document.Text ?? string.Join(',', document.Tokens!.Select(token => token.ToString(CultureInfo.InvariantCulture)));
}
