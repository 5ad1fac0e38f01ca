using System.Globalization;
using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests.Peers;

/// <summary>What Arrow's JavaScript and arrow-rs write is read as they wrote it, whether stream or file, and when it is damaged ends in an error that names the file.</summary>
[Collection(nameof(TheirArrowFiles))]
[Trait("Category", "Peers")]
public sealed class TheirArrowTests(TheirArrowFiles files)
{
    private const int Damages = 600;

    private IReadOnlyList<(string Path, string Rows)> Readable => [.. files.Files.Where(file => file.Rows != TheirFiles.Refused)];

    [Fact]
    public void Every_file_of_another_writer_gives_the_documents_that_it_wrote()
    {
        Assert.True(Readable.Count > 45, $"there are {Readable.Count} files");
        Assert.All(Readable, file =>
        {
            string?[] rows = files.Rows(file.Rows);
            Assert.Equal(rows.Where(row => !string.IsNullOrWhiteSpace(row)), Read(file.Path).Decode(out var skipped).Select(Written));
            Assert.Equal(rows.Count(string.IsNullOrWhiteSpace), skipped.Empty);
            Assert.Equal(0, skipped.Invalid);
        });
    }

    [Fact]
    public void Reading_goes_on_at_any_row()
    {
        string file = files["js-string-stream.arrow"];
        var all = Read(file).Select(record => record.Decode()).ToList();
        Assert.All([1, 255, 256, 257, 899, 900], skip => Assert.Equal(all.Skip(skip), Read(file, skip).Select(record => record.Decode())));
    }

    [Fact]
    public void A_file_without_text_names_its_columns()
    {
        string file = files["js-no-text-stream.arrow"];
        var error = Assert.Throws<DataException>(() => Read(file).Count());
        Assert.Contains("id (int64), other (utf8), score (double)", error.Found, StringComparison.Ordinal);
        Assert.Contains("--text-field", error.Do, StringComparison.Ordinal);
    }

    [Fact]
    public void A_flipped_bit_or_a_cut_anywhere_ends_in_an_error_that_names_the_file_or_in_rows()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(3);
        int refused = 0;
        for (int i = 0; i < Damages; i++)
        {
            byte[] bytes = File.ReadAllBytes(Readable[i % Readable.Count].Path);
            // Two of three lie in the schema or the footer, where each bit means something.
            int at = random.Next(i % 3 == 2 ? Math.Max(0, bytes.Length - 600) : 0, i % 3 == 1 ? Math.Min(600, bytes.Length) : bytes.Length);
            if (i % 4 == 0) bytes = bytes[..at];
            else bytes[at] ^= (byte)(1 << random.Next(8));
            if (IsRefused(folder.Write("damaged.arrow", bytes))) refused++;
        }
        Assert.InRange(refused, Damages / 10, Damages - 1);
    }

    private static bool IsRefused(string path)
    {
        try
        {
            foreach (var record in Read(path)) record.Decode();
            return false;
        }
        catch (DataException e)
        {
            Assert.StartsWith(path, e.Where, StringComparison.Ordinal);
            return true;
        }
    }

    private static IEnumerable<SourceRecord> Read(string file, long skip = 0) => ArrowDocuments.Read(file, "text", skip);

    private static string Written(Document document) => document.Text ?? string.Join(',', document.Tokens!.Select(token => token.ToString(CultureInfo.InvariantCulture)));
}
