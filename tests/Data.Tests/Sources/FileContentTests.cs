using System.Text;
using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests;

/// <summary>What a file is read as follows from its content; nothing that may be text is left out in silence.</summary>
public sealed class FileContentTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("[{\"text\": \"one\"}, {\"id\": 2, \"text\": \"two\"}]")]
    [InlineData("\uFEFF[\n  {\n    \"text\": \"one\"\n  },\n  {\"text\":\n \"two\", \"more\": [1, {\"a\": \"]\"}]}\n]\n")]
    [InlineData("{\n \"text\": \"one\"\n}\n{\n \"text\": \"two\"\n}\n")]
    [InlineData("{\"text\": \"one\"}\n\n{\"text\": \"two\"}\n")]
    public void Json_of_any_shape_and_name_gives_its_records(string json)
    {
        foreach (string name in (string[])["a.json", "a.jsonl", "a.txt", "a.data"])
        {
            folder.Write(name, json);
            Assert.Equal(["one", "two"], Read(folder[name]));
        }
    }

    [Fact]
    public void An_array_larger_than_any_block_is_read_value_by_value()
    {
        string[] texts = [.. Enumerable.Range(0, 300).Select(i => new string((char)('a' + i % 26), i * 37 % 5000))];
        folder.Write("a.json", "[" + string.Join(",\n", texts.Select(t => $"{{\"n\": [1, 2], \"text\": \"{t}\"}}")) + "]");
        Assert.Equal(texts.Where(t => t.Length > 0), Read(folder["a.json"]));
    }

    [Theory]
    [InlineData("[{\"text\": \"one\"}, {\"text\": \"tw", "a.json:1", "cut off")]
    [InlineData("[{\"text\": \"one\"}\n {\"text\": \"two\"}]", "a.json:2", "a comma is missing")]
    [InlineData("[{\"text\": \"one\"},\n {\"txt\": \"two\"}]", "a.json:2", "no field 'text'")]
    [InlineData("[{\"text\": \"one\"},\n\n {\"text\": nul}]", "a.json:3", "not JSON")]
    [InlineData("{\"data\": [{\"text\": \"one\"}]}", "a.json", "JSON without a field 'text'")]
    public void Damaged_and_other_json_is_named(string json, string where, string found)
    {
        folder.Write("a.json", json);
        var error = Assert.Throws<DataException>(() => Read(folder["a.json"]));
        Assert.EndsWith(where, error.Where, StringComparison.Ordinal);
        Assert.Contains(found, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_field_is_found_by_its_name_or_by_its_path()
    {
        folder.Write("a.jsonl", "{\"data\": {\"text\": \"inner\"}}\n{\"data\": {\"text\": \"inner\"}, \"data.text\": \"named\"}\n{\"data.text\": \"named\", \"data\": {\"text\": \"inner\"}}\n{\"a.b\": {\"c\": 1}, \"data\": {\"x\": {}, \"text\": \"last\"}}");
        Assert.Equal(["inner", "named", "named", "last"], Read(folder["a.jsonl"], "data.text"));
        Assert.Contains("no field 'data.other'", Assert.Throws<DataException>(() => Read(folder["a.jsonl"], "data.other")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_beside_the_text_may_be_nested_a_thousand_levels_deep()
    {
        static string Deep(int levels) => string.Concat(Enumerable.Repeat("{\"r\":[", levels / 2)) + string.Concat(Enumerable.Repeat("]}", levels / 2));
        folder.Write("a.jsonl", $"{{\"text\":\"one\",\"replies\":{Deep(80)}}}\n{{\"replies\":{Deep(998)},\"text\":\"two\"}}");
        Assert.Equal(["one", "two"], Read(folder["a.jsonl"]));
        folder.Write("b.jsonl", $"{{\"text\":\"one\",\"replies\":{Deep(1002)}}}");
        Assert.Contains("nested deeper than 1000 levels", Assert.Throws<DataException>(() => Read(folder["b.jsonl"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Separated_values_give_the_column_of_the_name()
    {
        folder.Write("a.csv", [.. Encoding.UTF8.GetBytes("\uFEFFid,text\r\n1,\"said \"\"so\"\", and\nwent\"\r\n2,äö\r\n3,\r\n4,"), 0xFF, .. "\r\n"u8]);
        Assert.Equal(["said \"so\", and\nwent", "äö"], Read(folder["a.csv"], out var skipped));
        Assert.Equal((1, 1), (skipped.Empty, skipped.Invalid));
        folder.Write("b.tsv", "body\tid\nfirst, one\t1\n");
        Assert.Equal(["first, one"], Read(folder["b.tsv"], "body"));
        Assert.Contains("its columns are 'body', 'id'", Assert.Throws<DataException>(() => Read(folder["b.tsv"])).Message, StringComparison.Ordinal);
        folder.Write("c.csv", "id,text\n1,a,b\n");
        Assert.Contains("c.csv:2: the row has 3 values, the header 2 names", Assert.Throws<DataException>(() => Read(folder["c.csv"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Quotes_blank_lines_and_short_rows_of_separated_values_are_read_as_others_read_them()
    {
        folder.Write("inch.csv", "id,text\n1,a 5\" pipe\n2,a 6\" pipe\n\n3\n\n4,ok\n");
        Assert.Equal(["a 5\" pipe", "a 6\" pipe", "ok"], Read(folder["inch.csv"], out var skipped));
        Assert.Equal(1, skipped.Empty);
        folder.Write("inch.tsv", "text\tid\na 5\" pipe\t1\na 6\" pipe\t2\n");
        Assert.Equal(["a 5\" pipe", "a 6\" pipe"], Read(folder["inch.tsv"]));
        folder.Write("marked.csv", "\uFEFF\"text\",\"id\"\n\"one, two\",1\n");
        Assert.Equal(["one, two"], Read(folder["marked.csv"]));
    }

    [Theory]
    [InlineData("id,text\n1,ok\n2,\"open\n3,b\n4,c\n", "x.csv:3: a quote opens a value and does not close it")]
    [InlineData("id,text\n1,\"he said \\\"hi\\\" to her\"\n2,b\n", "x.csv:2: a quote opens a value and does not close it")]
    [InlineData("text,text\na,b\n", "two of its columns are 'text': 'text', 'text'")]
    [InlineData("id; text\n1;a\n", "its columns are 'id; text'.\n  expected: a first row with names, the text in the column 'text', commas between the values of a .csv")]
    public void Broken_separated_values_are_named(string content, string message)
    {
        folder.Write("x.csv", content);
        Assert.Contains(message, Assert.Throws<DataException>(() => Read(folder["x.csv"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_that_Python_writes_and_JSON_has_not_are_read_beside_the_text()
    {
        folder.Write("a.jsonl", "{\"text\":\"NaN and Infinity\",\"score\":NaN}\n{\"score\":[-Infinity, Infinity],\"text\":\"a \\\"NaN\\\"\"}\n");
        Assert.Equal(["NaN and Infinity", "a \"NaN\""], Read(folder["a.jsonl"]));
        folder.Write("b.jsonl", "{\"text\":NaN}\n");
        Assert.Contains("the field 'text' is a Number", Assert.Throws<DataException>(() => Read(folder["b.jsonl"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    [InlineData("utf-32")]
    [InlineData("utf-8")]
    public void Text_with_a_byte_order_mark_is_decoded(string encoding)
    {
        var other = Encoding.GetEncoding(encoding);
        folder.Write("a.txt", [.. other.Preamble, .. other.GetBytes("Größe 😀")]);
        folder.Write("b.jsonl", [.. other.Preamble, .. other.GetBytes("{\"text\": \"三\"}\n{\"text\": \"b\"}")]);
        Assert.Equal(["Größe 😀"], Read(folder["a.txt"]));
        Assert.Equal(["三", "b"], Read(folder["b.jsonl"]));
    }

    [Fact]
    public void Half_a_surrogate_pair_in_utf16_is_an_error_that_names_the_file()
    {
        folder.Write("a.txt", [0xFF, 0xFE, 0x61, 0, 0, 0xD8, 0x62, 0]);
        Assert.Contains("a.txt: its byte order mark says utf-16", Assert.Throws<DataException>(() => Read(folder["a.txt"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 1 }, "a xz file")]
    [InlineData(new byte[] { 0x42, 0x5A, 0x68, 0x39, 0x31 }, "a bzip2 file")]
    [InlineData(new byte[] { 0x50, 0x4B, 3, 4, 20 }, "a zip file")]
    [InlineData(new byte[] { 0x04, 0x22, 0x4D, 0x18 }, "a lz4 file")]
    [InlineData(new byte[] { 0x61, 0xE4, 0x20, 0x62 }, "not UTF-8")]
    [InlineData(new byte[] { 0x61, 0, 0x62, 0, 0x63, 0, 0xE4, 0 }, "not UTF-8")]
    public void What_is_not_read_is_refused_by_name_and_in_a_folder_needs_a_word(byte[] content, string what)
    {
        folder.Write("in/a.txt", content);
        folder.Write("in/b.txt", "text");
        Assert.Contains(what, Assert.Throws<DataException>(() => Read(folder["in/a.txt"])).Message, StringComparison.Ordinal);
        var options = new PrepareOptions { Sources = [folder["in"]], Output = folder["out"] };
        var error = Assert.Throws<DataException>(() => DatasetBuilder.Build(options));
        Assert.Contains($"1 × {what}, for example {folder["in/a.txt"]}", error.Message, StringComparison.Ordinal);
        var result = DatasetBuilder.Build(options with { LeaveOut = true });
        Assert.Equal([new LeftOutTally(what, 1, folder["in/a.txt"])], result.LeftOut);
        Assert.Equal([new KindTally("text", 1, 1)], result.Read);
    }

    [Fact]
    public void Hidden_files_cards_and_metadata_are_no_text_and_other_endings_need_a_word()
    {
        folder.Write("in/train.jsonl", "{\"text\": \"one\"}\n{\"text\": \"two\"}");
        folder.Write("in/.ipynb_checkpoints/train-checkpoint.jsonl", "{\"text\": \"one\"}");
        folder.Write("in/.hidden.txt", "hidden");
        folder.Write("in/README.md", "---\nlicense: mit\n---\n# A dataset\n");
        folder.Write("in/dataset_info.json", "{\"features\": {}}");
        folder.Write("in/LICENSE", "Permission is granted");
        folder.Write("in/picture.png", [0x89, 0x50, 0x4E, 0x47, 0, 1, 2, 3, 0xFF]);
        var result = DatasetBuilder.Build(new() { Sources = [folder["in"]], Output = folder["out"] });
        Assert.Equal([new KindTally("JSON lines", 1, 2)], result.Read);
        Assert.Equal(["text with the ending ''", "a dataset's card", "JSON without a field 'text'", "no text"], result.LeftOut.Select(l => l.Why));
        Assert.Equal(["hidden"], Read(folder["in/.hidden.txt"]));
        Assert.Equal(["one"], Read(folder["in/.ipynb_checkpoints/*.jsonl"]));
        Assert.Equal(["one", "two"], Read(folder["in/**/*.jsonl"]));
        folder.Write("in/notes.log", "a log");
        Assert.Contains("text with the ending '.log', for example", Assert.Throws<DataException>(() => DatasetBuilder.Build(new() { Sources = [folder["in"]], Output = folder["other"] })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Packed_files_are_known_by_their_first_bytes_too()
    {
        folder.Write("a.data", PackedFileTests.Gzip("{\"text\": \"packed\"}\n"));
        Assert.Equal(["packed"], Read(folder["a.data"]));
    }

    [Fact]
    public void Zeros_behind_a_gzip_file_are_padding_and_nothing_else_is()
    {
        byte[] whole = [.. PackedFileTests.Gzip(string.Concat(Enumerable.Range(0, 5000).Select(i => $"line {i}\n"))), .. PackedFileTests.Gzip("last")];
        string expected = string.Concat(Enumerable.Range(0, 5000).Select(i => $"line {i}\n")) + "last";
        foreach (int zeros in (int[])[1, 7, 8, 9, 12, 5000, 70_000])
        {
            folder.Write("a.txt.gz", [.. whole, .. new byte[zeros]]);
            Assert.Equal([expected], Read(folder["a.txt.gz"]));
        }
        folder.Write("b.txt.gz", [.. whole[..^20], .. new byte[5000]]);
        Assert.Throws<DataException>(() => Read(folder["b.txt.gz"]));
        folder.Write("c.txt.gz", [.. whole, .. new byte[500], 1]);
        Assert.Throws<DataException>(() => Read(folder["c.txt.gz"]));
    }

    [Fact]
    public void A_zstd_window_above_128_MiB_is_refused_by_name()
    {
        // Magic, a descriptor without checksum and content size, a window of 2 GiB (RFC 8878, 3.1.1.1.2: exponent 21, 2^(10 + 21)), one empty raw block that is the last.
        folder.Write("a.txt.zst", [0x28, 0xB5, 0x2F, 0xFD, 0x00, 21 << 3, 0x01, 0x00, 0x00]);
        Assert.Contains("more than 128 MiB", Assert.Throws<DataException>(() => Read(folder["a.txt.zst"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_short_text_gives_both_splits_something()
    {
        folder.Write("a.txt", string.Concat(Enumerable.Range(0, 3000).Select(i => $"A line of words, number {i}.\n")));
        var manifest = DatasetBuilder.Build(new() { Sources = [folder["a.txt"]], Output = folder["out"] }).Manifest;
        Assert.InRange(manifest.Validation.Documents, 1, 8);
        Assert.InRange(manifest.Train.Documents, 8, 40);
    }

    private static string[] Read(string spec, string textField = "text") => [.. DocumentSources.Open(spec, textField).ReadAll(out _).Select(d => d.Text!)];

    private static string[] Read(string spec, out SkippedDocuments skipped) => [.. DocumentSources.Open(spec, "text").ReadAll(out skipped).Select(d => d.Text!)];
}
