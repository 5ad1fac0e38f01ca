using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using ZstdSharp;

namespace SparkTrain.Bench;

/// <summary>Texts as people have them: lines, records, tables, other encodings, packed or not.</summary>
internal static class TextInputs
{
    private const string Lines = """
        {"text":"one \u00e4 \ud83d\ude00","meta":{"url":"a","n":[1,2.5,null,true]}}
        {"meta":{"text":"not this"},"text":"two\nlines"}
        {"text":""}
        {"text":null}
        {"id":7,"text":"vier € 三"}

        """;

    private static readonly DateTimeOffset Then = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Makes folders of plain files.</summary>
    public static IReadOnlyList<FuzzInput> Plain(string folder) =>
    [
        FuzzInput.Of("documents.jsonl", Lines),
        FuzzInput.Of("documents.ndjson", "\uFEFF" + Lines.ReplaceLineEndings("\r\n")),
        FuzzInput.Of("records.json", """[{"text":"one","a":{"b":[[[]]]}},{"text":"two"},{"a":1,"text":"three"}]"""),
        FuzzInput.Of("values.json", "{\n  \"text\": \"one\",\n  \"a\": 1\n}\n{\n  \"text\": \"two\"\n}\n"),
        FuzzInput.Of("table.csv", "id,text,more\n1,one,a\n2,\"two, \"\"quoted\"\"\nlines\",b\n3,,c\n"),
        FuzzInput.Of("table.tsv", "id\ttext\n1\tone\n2\tzwei äöü\n"),
        FuzzInput.Of("notes.txt", string.Concat(Enumerable.Repeat("A paragraph of text.\nIts second line.\n\n", 60))),
        FuzzInput.Of("README.md", "---\nlicense: mit\n---\n\nA card.\n"),
        FuzzInput.Of("wide.txt", [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes("wide text, ä and 三\n")]),
        FuzzInput.Of("wide.jsonl", [.. Encoding.BigEndianUnicode.Preamble, .. Encoding.BigEndianUnicode.GetBytes(Lines)]),
        FuzzInput.Of("wider.txt", [.. Encoding.UTF32.Preamble, .. Encoding.UTF32.GetBytes("wider text\n")]),
        FuzzInput.Of("no-ending", Lines),
    ];

    /// <summary>Makes packed files.</summary>
    public static IReadOnlyList<FuzzInput> Packed(string folder)
    {
        byte[] lines = Encoding.UTF8.GetBytes(Lines), text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("A paragraph of text that repeats itself.\n", 400)));
        byte[] zeros = new byte[512];
        using var compressor = new Compressor(19);
        byte[] frame = compressor.Wrap(lines).ToArray(), longFrame = compressor.Wrap(text).ToArray();
        // A frame that is to be skipped: its mark, four bytes of length, its content.
        byte[] skipped = [0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];
        return
        [
            FuzzInput.Of("documents.jsonl.gz", Gzip(lines)),
            FuzzInput.Of("several.jsonl.gz", [.. Gzip(lines), .. Gzip(lines), .. zeros]),
            FuzzInput.Of("notes.txt.gz", Gzip(text)),
            FuzzInput.Of("records.json.gz", Gzip("""[{"text":"one"}]"""u8.ToArray())),
            FuzzInput.Of("table.csv.gz", Gzip("id,text\n1,one\n"u8.ToArray())),
            FuzzInput.Of("packed-without-ending", Gzip(lines)),
            FuzzInput.Of("documents.jsonl.zst", frame),
            FuzzInput.Of("several.jsonl.zst", [.. frame, .. skipped, .. frame]),
            FuzzInput.Of("notes.txt.zst", longFrame),
            FuzzInput.Of("lines.jsonl.zst", ParquetInputs.Golden("lines.jsonl.zst")),
        ];
    }

    /// <summary>Makes archives, which are refused; what they are taken for once they are damaged is not known.</summary>
    public static IReadOnlyList<FuzzInput> Archives(string folder) => [FuzzInput.Of("texts.tar", Tar()), FuzzInput.Of("texts.tar.gz", Gzip(Tar())), FuzzInput.Of("texts.zip", Zip())];

    /// <summary>Packs bytes.</summary>
    public static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal)) gzip.Write(bytes);
        return packed.ToArray();
    }

    private static byte[] Tar()
    {
        using var packed = new MemoryStream();
        using (var writer = new TarWriter(packed, TarEntryFormat.Ustar, leaveOpen: true))
            writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "documents.jsonl") { ModificationTime = Then, DataStream = new MemoryStream(Encoding.UTF8.GetBytes(Lines)) });
        return packed.ToArray();
    }

    private static byte[] Zip()
    {
        using var packed = new MemoryStream();
        using (var archive = new ZipArchive(packed, ZipArchiveMode.Create, leaveOpen: true))
        {
            var entry = archive.CreateEntry("documents.jsonl");
            entry.LastWriteTime = Then;
            using var stream = entry.Open();
            stream.Write(Encoding.UTF8.GetBytes(Lines));
        }
        return packed.ToArray();
    }
}
