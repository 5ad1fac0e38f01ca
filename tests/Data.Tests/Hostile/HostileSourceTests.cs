using System.Text;
using SparkTrain.Parquet;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests.Hostile;

/// <summary>Sources that are valid but unlike any that one would write.</summary>
public sealed class HostileSourceTests
{
    [Fact]
    public void A_million_empty_documents_are_counted_and_left_out()
    {
        const int Count = 1_000_000;
        using var folder = new TemporaryFolder();
        var lines = new StringBuilder(14 * Count);
        for (var i = 0; i < Count; i++) lines.Append("{\"text\":\"\"}\n");
        folder.Write("empty.jsonl", lines.Append("{\"text\":\"one\"}\n{\"text\":\"two\"}\n").ToString());
        // A run of a million zeros, the level of a null: twice the length as a varint, then the value.
        folder.Write("empty.parquet", new HandmadeParquet { Body = [4, 0, 0, 0, 0x80, 0x89, 0x7A, 0], Rows = Count, Values = Count }.Write());
        var manifest = DatasetBuilder.Build(new PrepareOptions { Sources = [folder["empty.jsonl"], folder["empty.parquet"]], Output = folder["set"] }).Manifest;
        Assert.Equal(2 * Count, manifest.EmptyDocuments);
        Assert.Equal(2, manifest.Train.Documents + manifest.Validation.Documents);
    }

    [Fact]
    public void A_row_of_two_hundred_thousand_tokens_is_one_document()
    {
        const int Count = 200_000;
        using var folder = new TemporaryFolder();
        var tokens = Enumerable.Range(0, Count).SelectMany(i => BitConverter.GetBytes(i % 251)).ToArray();
        var list = new HandmadeParquet
        {
            Schema = [HandmadeParquet.Node("schema", children: 1), HandmadeParquet.Node("tokens", ParquetFooter.Int32, repetition: 2)],
            Type = ParquetFooter.Int32,
            Rows = 1,
            Values = Count,
            // A run of one 0, a run of 199,999 ones; a run of 200,000 ones.
            Body = [6, 0, 0, 0, 1 << 1, 0, 0xFE, 0xB4, 0x18, 1, 4, 0, 0, 0, 0x80, 0xB5, 0x18, 1, .. tokens],
        };
        var documents = ParquetDocuments.Read(folder.Write("long.parquet", list.Write()), "text").Decode(out _);
        Assert.Equal(Enumerable.Range(0, Count).Select(i => i % 251), Assert.Single(documents).Tokens!);
    }
}
