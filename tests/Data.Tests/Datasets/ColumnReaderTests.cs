using CsCheck;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests;

public sealed class ColumnReaderTests
{
    [Fact]
    public void Reads_whatever_the_writer_wrote() => Gen.Select(Gen.Int[0, 31].SelectMany(bits => Gen.Int[0, (int)((1L << bits) - 1)].Array[1, 400]), Gen.Int[0, 3]).Sample((values, repeats) =>
    {
        using var folder = new TemporaryFolder();
        int[] all = [.. Enumerable.Repeat(values, 1 + (repeats * 100)).SelectMany(v => v)];
        using var writer = new ColumnWriter(folder.Path, "a.parquet", "tokens");
        writer.Append(all);
        using var reader = ColumnReader.Open(folder.Path, writer.Finish(), "tokens", all.Length);
        Assert.Equal(all, reader.ReadAll(int.MaxValue));
    }, iter: 60);
}
