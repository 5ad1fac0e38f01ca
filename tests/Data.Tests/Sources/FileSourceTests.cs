using System.Text;
using CsCheck;
using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests;

public sealed class FileSourceTests
{
    private SkippedDocuments skipped;

    [Fact]
    public void A_folder_gives_its_known_files_in_ordinal_order_packed_or_not()
    {
        using var folder = new TemporaryFolder();
        folder.Write("b/z.md", "zeta");
        folder.Write("a.txt.gz", Gzip("packed"));
        folder.Write("B.txt", "capital");
        folder.Write("c.jsonl", "{\"text\":\"one\"}\n\n{\"id\":2,\"text\":\"two\"}");
        folder.Write("image.png", "not text");
        Assert.Equal(["capital", "packed", "zeta", "one", "two"], Read(folder.Path));
    }

    [Theory]
    [InlineData("*.txt", "a b")]
    [InlineData("**/*.txt", "a b deep")]
    [InlineData("s?b/*", "deep log")]
    [InlineData("sub/*.log", "log")]
    public void A_pattern_gives_the_files_it_matches(string pattern, string expected)
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.txt", "a");
        folder.Write("b.txt", "b");
        folder.Write("sub/deep.txt", "deep");
        folder.Write("sub/x.log", "log");
        Assert.Equal(expected.Split(' '), Read(folder[pattern]));
    }

    [Fact]
    public void A_long_text_is_cut_at_blank_lines_and_loses_nothing()
    {
        Gen.Select(Gen.Int[0, 5], Gen.Int[1, 3000], Gen.Int[1, 400]).Sample((kind, words, perParagraph) =>
        {
            var text = new StringBuilder();
            for (var i = 0; i < words * 40; i++) text.Append("wörd").Append(i).Append(i % perParagraph == 0
                ? kind switch { 0 => "", 1 => "\n", _ => "\n\n" } : " ");
            string[] pieces = [.. PlainText.Read(new MemoryStream(Encoding.UTF8.GetBytes(text.ToString()))).Decode(out skipped).Select(d => d.Text!)];
            Assert.Equal(0, skipped.Invalid);
            Assert.Equal(text.ToString(), string.Concat(pieces));
            Assert.All(pieces, p => Assert.InRange(Encoding.UTF8.GetByteCount(p), 1, 2 * PlainText.PieceBytes));
            if (kind > 1 && perParagraph < 400) Assert.All(pieces.SkipLast(1), p => Assert.EndsWith("\n\n", p, StringComparison.Ordinal));
        }, iter: 20);
    }

    [Fact]
    public void Lines_of_any_length_are_read_whole()
    {
        using var folder = new TemporaryFolder();
        Gen.OneOf(Gen.Int[0, 300], Gen.Int[65_500, 65_600], Gen.Const(0), Gen.Int[131_000, 400_000]).List[1, 12].Sample(lengths =>
        {
            string[] texts = [.. lengths.Select((length, i) => new string((char)('a' + i), length))];
            folder.Write("a.jsonl", string.Concat(texts.Select((text, i) => $"{{\"text\":\"{text}\"}}{(i % 3 == 0 ? "\r\n \n" : "\n")}")));
            Assert.Equal(texts.Where(text => text.Length > 0), Read(folder["a.jsonl"]));
            Assert.Equal(texts.Count(text => text.Length == 0), skipped.Empty);
        }, iter: 30, threads: 1);
    }

    [Fact]
    public void Empty_and_invalid_documents_are_counted()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.txt", "");
        folder.Write("b.txt", " \n\t");
        folder.Write("c.txt", [.. Enumerable.Repeat((byte)'a', 70_000), 0xFF, 0x62]); // behind what is looked at first
        folder.Write("d.jsonl",
            [.. "{\"text\":\"\"}\n{\"text\":null}\n{\"text\":\""u8, 0xC3, .. "\"}\n{\"text\":\"\\ud800\"}\n{\"text\":\"ok\"}"u8]);
        folder.Write("e.txt", [0xEF, 0xBB, 0xBF, 0x68, 0x69]);
        Assert.Equal(["ok", "hi"], Read(folder.Path));
        Assert.Equal((4, 3), (skipped.Empty, skipped.Invalid));
    }

    [Fact]
    public void A_name_with_half_a_surrogate_pair_is_beside_the_text_and_hides_it_not()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.jsonl", """
            {"\ud800":1,"text":"one"}
            {"a\udc00":{"text":"not this"},"text":"two","\ud83d\ud83d":[]}
            """);
        folder.Write("b.json", """[{"\ud800":{"\ud800":null},"text":"three"}]""");
        Assert.Equal(["one", "two", "three"], Read(folder.Path));
    }

    [Theory]
    [InlineData("{\"text\":\"a\"}\n{\"txt\":\"b\"}", "x.jsonl:2", "no field 'text'")]
    [InlineData("{\"text\":\"a\"}\n{\"text\":", "x.jsonl:2", "not JSON")]
    [InlineData("{\"text\":7}", "x.jsonl:1", "is a Number")]
    [InlineData("[1]", "x.jsonl:1", "it is a Number, not an object")]
    public void A_bad_line_is_named(string content, string where, string found)
    {
        using var folder = new TemporaryFolder();
        folder.Write("x.jsonl", content);
        var error = Assert.Throws<DataException>(() => Read(folder["x.jsonl"]));
        Assert.EndsWith(where, error.Where, StringComparison.Ordinal);
        Assert.Contains(found, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nowhere.txt", "no such file")]
    [InlineData("*.txt", "no file matches")]
    [InlineData("", "no file in it is read")]
    public void A_source_that_is_not_there_is_refused(string name, string found)
    {
        using var folder = new TemporaryFolder();
        folder.Write("data.bin", "x");
        Assert.Contains(found, Assert.Throws<DataException>(() => Read(folder[name])).Message, StringComparison.Ordinal);
    }

    private string[] Read(string spec) => [.. DocumentSources.Open(spec, "text").ReadAll(out skipped).Select(d => d.Text!)];

    private static byte[] Gzip(string text) => PackedFileTests.Gzip(text);

    [Fact]
    public void Links_are_followed_but_not_in_circles_and_a_dead_one_is_named()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tree/a/x.txt", "one");
        folder.Write("other/y.txt", "two");
        Directory.CreateSymbolicLink(folder["tree/a/up"], "..");
        Directory.CreateSymbolicLink(folder["tree/b"], "../other");
        Directory.CreateSymbolicLink(folder["other/back"], "../tree");
        Assert.Equal(["a/x.txt", "b/y.txt"], FolderSearch.All(folder["tree"]).Select(file => Path.GetRelativePath(folder["tree"], file)).Order(StringComparer.Ordinal));
        File.CreateSymbolicLink(folder["tree/a/dead.txt"], "nowhere");
        var (files, leftOut) = FolderSearch.In(folder["tree"], "text");
        Assert.Equal(2, files.Length);
        Assert.Equal([(folder["tree/a/dead.txt"], "a link to a file that is not there", true)], leftOut.Select(file => (file.File, file.Why, file.LooksLikeText)));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_pattern_of_many_stars_ends_at_once() =>
        await Task.Run(() =>
        {
            using var folder = new TemporaryFolder();
            folder.Write(string.Concat(Enumerable.Repeat("a/", 40)) + "x.txt", "one");
            Assert.Throws<DataException>(() => FilePattern.Find(folder.Path + "/" + string.Concat(Enumerable.Repeat("**/", 30)) + "*.nothing"));
        }, TestContext.Current.CancellationToken);
}
