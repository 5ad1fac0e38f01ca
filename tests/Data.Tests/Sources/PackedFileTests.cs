using System.IO.Compression;
using System.Text;
using SparkTrain.Input;
using SparkTrain.Support;
using ZstdSharp;

namespace SparkTrain.Data.Tests;

public sealed class PackedFileTests
{
    private static readonly string First = Noise(1), Second = Noise(2);

    public static TheoryData<string> Kinds => [".gz", ".zst"];

    // goldens/README.md says how it was written.
    [Fact]
    public void A_file_of_the_zstd_program_is_read_frame_by_frame() =>
        Assert.Equal(["first line", "zweite Zeile äöü", "三"], DocumentSources.Open(GoldenFiles.At("lines.jsonl.zst"), "text").ReadAll(out _).Select(d => d.Text));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Packed_files_that_were_joined_are_read_one_after_another(string kind)
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(First + Second, Unpack(folder, kind, [.. Pack(kind, First), .. Pack(kind, Second)]));
        Assert.Equal("", Unpack(folder, kind, Pack(kind, "")));
        Assert.Equal("x", Unpack(folder, kind, [.. Pack(kind, ""), .. Pack(kind, "x"), .. Pack(kind, "")]));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_packed_file_that_is_cut_off_anywhere_is_refused(string kind)
    {
        using var folder = new TemporaryFolder();
        byte[] first = Pack(kind, First), both = [.. first, .. Pack(kind, Second)];
        for (var length = 0; length < both.Length; length += length < first.Length + 40 || length > both.Length - 40 ? 1 : 61)
        {
            if (length == first.Length) continue;   // a whole file
            var error = Assert.Throws<DataException>(() => Unpack(folder, kind, both[..length]));
            Assert.Equal(folder["a.txt" + kind], error.Where);
            Assert.Contains("whole", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_changed_byte_never_becomes_text(string kind)
    {
        using var folder = new TemporaryFolder();
        var packed = Pack(kind, First);
        var refused = 0;
        for (var at = 0; at < packed.Length; at++)
        {
            var damaged = (byte[])packed.Clone();
            damaged[at] ^= 0x10;
            try
            {
                Assert.Equal(First, Unpack(folder, kind, damaged));   // a byte of the header that says nothing about the text
            }
            catch (DataException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, packed.Length - 8, packed.Length);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Something_else_behind_the_end_is_refused(string kind)
    {
        using var folder = new TemporaryFolder();
        // Zeros behind a .gz are padding; behind a .zst they are damage.
        string zeros = new('\0', 600);
        foreach (string tail in (string[])["more", kind == ".gz" ? zeros + "x" : zeros, new string('x', 70_000)])
            Assert.Throws<DataException>(() => Unpack(folder, kind, [.. Pack(kind, First), .. Encoding.UTF8.GetBytes(tail)]));
    }

    public static byte[] Gzip(string text) => Pack(".gz", text);

    private static byte[] Pack(string kind, string text)
    {
        if (kind == ".gz" && text.Length == 0) return Convert.FromHexString("1f8b080000000000000303000000000000000000");   // `gzip -n </dev/null`; the framework would write nothing
        using var stream = new MemoryStream();
        using (Stream packing = kind == ".gz" ? new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true) : Zstd(stream)) packing.Write(Encoding.UTF8.GetBytes(text));
        return stream.ToArray();
    }

    private static CompressionStream Zstd(Stream stream)
    {
        var zstd = new CompressionStream(stream, 3);
        zstd.SetParameter(ZstdSharp.Unsafe.ZSTD_cParameter.ZSTD_c_checksumFlag, 1);
        return zstd;
    }

    private static string Noise(int seed)
    {
        var random = new Random(seed);
        return string.Concat(Enumerable.Range(0, 900).Select(_ => (char)('a' + random.Next(26))));
    }

    private static string Unpack(TemporaryFolder folder, string kind, byte[] packed)
    {
        folder.Write("a.txt" + kind, packed);
        using var stream = PackedFile.OpenRead(folder["a.txt" + kind]);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
