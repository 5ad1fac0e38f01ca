using SparkTrain.Input;

namespace SparkTrain.Parquet.Tests;

/// <summary>Footers of files that other programs wrote (tests/Data.Tests/goldens).</summary>
public sealed class ParquetFooterTests
{
    [Fact]
    public void Columns_and_rows_of_a_JavaScript_writers_file()
    {
        var footer = Read("hyparquet-text.parquet");
        Assert.Equal(["id (INT32)", "text (string)"], footer.Columns.Select(c => c.ToString()));
        Assert.Equal([false, true], footer.Columns.Select(c => c.IsText));
        Assert.Equal(3, Assert.Single(footer.RowGroups).Rows);
    }

    [Fact]
    public void Rows_of_a_Python_writers_file() => Assert.Equal(20, Read("fastparquet-text.parquet").RowGroups.Sum(g => g.Rows));

    [Fact]
    public void A_file_that_is_cut_off_is_refused()
    {
        byte[] bytes = File.ReadAllBytes(PathOf("hyparquet-text.parquet"));
        for (int length = 0; length < bytes.Length; length++)
        {
            byte[] begin = bytes[..length];
            Assert.Throws<InvalidDataException>(() => ParquetFooter.Read(begin.Length, (into, offset) => begin.AsSpan((int)offset, into.Length).CopyTo(into)));
        }
    }

    private static ParquetFooter Read(string name)
    {
        using var file = File.OpenHandle(PathOf(name));
        return ParquetFooter.Read(RandomAccess.GetLength(file), (into, offset) => FileBytes.Read(file, into, offset));
    }

    private static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "goldens", name);
}
