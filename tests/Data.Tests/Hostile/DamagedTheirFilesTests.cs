using SparkTrain.Data.Tests.Peers;
using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests.Hostile;

/// <summary>
/// Damages files of other writers at random: each ends in an error that names the file, or in as many rows as were written. (Most files carry no checksum, so a changed letter cannot be seen.)
/// </summary>
[Collection(nameof(TheirParquetFiles))]
[Trait("Category", "Peers")]
public sealed class DamagedTheirFilesTests(TheirParquetFiles files)
{
    private const int Damages = 500;

    // All codecs, both versions of pages, and all encodings are among them.
    private IReadOnlyList<(string Path, string Rows)> Readable => [.. files.Files.Where(file => file.Rows is not (TheirFiles.Refused or "none"))];

    [Fact]
    public void A_flipped_bit_anywhere_ends_in_an_error_that_names_the_file_or_in_all_rows()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(1);
        var refused = 0;
        for (var i = 0; i < Damages; i++)
        {
            var (path, rows) = Readable[i % Readable.Count];
            var bytes = File.ReadAllBytes(path);
            // Every other one lies in the footer or near it, where each bit means something.
            var at = random.Next(i % 2 == 0 ? 0 : Math.Max(0, bytes.Length - 1500), bytes.Length);
            bytes[at] ^= (byte)(1 << random.Next(8));
            if (!IsRefused(folder.Write("damaged.parquet", bytes), out var read)) Assert.Equal(files.Rows(rows).Length, read);
            else refused++;
        }
        Assert.InRange(refused, Damages / 10, Damages);
    }

    [Fact]
    public void A_file_that_is_cut_off_anywhere_is_refused()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(2);
        for (var i = 0; i < Damages; i++)
        {
            var bytes = File.ReadAllBytes(Readable[i % Readable.Count].Path);
            Assert.True(IsRefused(folder.Write("damaged.parquet", bytes[..random.Next(bytes.Length)]), out _));
        }
    }

    private static bool IsRefused(string path, out long rows)
    {
        rows = 0;
        try
        {
            rows = ParquetDocuments.Read(path, "text").Decode(out var skipped).Count + skipped.Empty + skipped.Invalid;
            return false;
        }
        catch (DataException e)
        {
            Assert.StartsWith(path, e.Where, StringComparison.Ordinal);
            return true;
        }
    }
}
