using System.Globalization;
using System.Runtime.InteropServices;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests.Peers;

/// <summary>What we write is read by DuckDB, hyparquet and arrow-rs, value by value.</summary>
[Trait("Category", "Peers")]
public sealed class OurParquetTests
{
    private static readonly string[] Readers = ["duckdb", "hyparquet", "arrow-rs"];

    [Fact]
    public void Shards_and_lengths_are_read_by_three_other_readers()
    {
        using var folder = new TemporaryFolder();
        using var set = Samples.Build(folder, count: 6000, shardTokens: 300_000);
        Directory.CreateDirectory(folder["read"]);
        PeerProgram.Run("read-dataset.mjs", set.Folder, folder["read"]);

        Assert.InRange(set.Train.Shards, 2, 9);
        var groups = int.Parse(File.ReadAllText(folder["read/row-groups"]), CultureInfo.InvariantCulture);
        Assert.True(groups > 2 * set.Train.Shards, $"{groups} row groups in {set.Train.Shards} shards");
        foreach (var split in new[] { set.Train, set.Validation })
        {
            var (tokens, lengths) = (split.ReadAll(), Enumerable.Range(0, split.Shards).SelectMany(split.ReadLengths).ToArray());
            Assert.Equal(split.Tokens, lengths.Sum(length => (long)length));
            Assert.All(Readers, reader =>
            {
                Assert.Equal(tokens, Values(folder[$"read/{reader}-{split.Name}-tokens.bin"]));
                Assert.Equal(lengths, Values(folder[$"read/{reader}-{split.Name}-lengths.bin"]));
            });
        }
    }

    private static int[] Values(string path) => [.. MemoryMarshal.Cast<byte, int>(File.ReadAllBytes(path))];
}
