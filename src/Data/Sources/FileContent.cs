using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>Tells by a file's first bytes, and by its name, what it holds.</summary>
internal static class FileContent
{
    private const int HeadBytes = 1 << 16;

    private static readonly (byte[] Start, string Name)[] Packings =
    [
        ([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0], "xz"), ("BZh"u8.ToArray(), "bzip2"), ([0x04, 0x22, 0x4D, 0x18], "lz4"), ([0x50, 0x4B, 0x03, 0x04], "zip"),
        ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "7z"), ("Rar!"u8.ToArray(), "rar"), ([0x1F, 0x9D], "compress"), ([0x5D, 0, 0, 0x80, 0], "lzma"),
    ];

    /// <summary>Endings of Arrow files.</summary>
    public static readonly string[] ArrowEndings = [".arrow", ".arrows", ".feather"];

    /// <summary>Returns the kind of a file.</summary>
    /// <param name="file">Its path.</param>
    /// <param name="textField">The field that holds the text of JSON.</param>
    /// <exception cref="DataException">It is packed, and damaged.</exception>
    public static KindOfFile Of(string file, string textField)
    {
        RegularFile.RequireNamed(file);
        var raw = Head(RegularFile.OpenRead(file));
        if (raw.AsSpan().StartsWith("PAR1"u8) || HasEnding(file, ".parquet")) return new(FileKind.Parquet, "Parquet");
        if (ArrowMessages.IsArrow(raw) || HasEnding(file, ArrowEndings)) return new(FileKind.Arrow, "Arrow");
        if (Array.Find(Packings, p => raw.AsSpan().StartsWith(p.Start)).Name is { } packing) return new(FileKind.ForeignPacking, $"a {packing} file");
        if (raw.AsSpan().StartsWith("%PDF"u8)) return new(FileKind.ForeignPacking, "a PDF file");
        bool isPacked = PackedFile.IsPacked(file, raw);
        var head = Head(PackedFile.OpenRead(file));
        if (isPacked && head.AsSpan().StartsWith("PAR1"u8)) throw new DataException(file, "it is a packed Parquet file", "Parquet, which is compressed inside", "unpack it first");
        if (isPacked && ArrowMessages.IsArrow(head)) throw new DataException(file, "it is a packed Arrow file", "Arrow as it is, or compressed inside", "unpack it first");
        if (isPacked && head.Length > 262 && head.AsSpan(257).StartsWith("ustar"u8)) return new(FileKind.ForeignPacking, "a packed tar archive");
        string how = isPacked ? ", packed" : "";
        return OfText(PackedFile.NameInside(file), head, textField) is var (kind, name) && kind <= FileKind.Arrow ? new(kind, name + how) : new(kind, name);
    }

    private static KindOfFile OfText(string name, byte[] head, string textField)
    {
        if (IsWide(head)) return new(FileKind.ForeignText, "not UTF-8");
        var text = head.AsSpan().TrimStart("\uFEFF \t\r\n"u8);
        if (HasEnding(name, ".csv", ".tsv")) return new(FileKind.Table, HasEnding(name, ".tsv") ? "tab-separated" : "comma-separated");
        bool isJson = HasEnding(name, ".json", ".jsonl", ".ndjson");
        if (isJson || LooksLikeRecords(text, textField))
        {
            var kind = ShapeOf(text, isLines: HasEnding(name, ".jsonl", ".ndjson"));
            if (HasEnding(name, ".json") && !HoldsText(text, textField)) return new(FileKind.OtherJson, $"JSON without a field '{textField}'");
            return new(kind, kind == FileKind.JsonLines ? "JSON lines" : "JSON");
        }
        // Records that are not UTF-8 are counted one by one.
        if (!Utf8.IsValid(head.AsSpan(0, WholeCharacters(head)))) return IsBinary(head) ? new(FileKind.Binary, "no text") : new(FileKind.ForeignText, "not UTF-8");
        if (string.Equals(Path.GetFileName(name), "README.md", StringComparison.OrdinalIgnoreCase) && text.StartsWith("---\n"u8)) return new(FileKind.DatasetCard, "a dataset's card");
        if (head.AsSpan().Contains((byte)0)) return new(FileKind.Binary, "no text");
        return new(FileKind.Text, "text");
    }

    // A value on one line is a line's; one that its line does not end, or an array of objects, is read value by value.
    private static FileKind ShapeOf(ReadOnlySpan<byte> text, bool isLines)
    {
        if (text.StartsWith("["u8)) return FileKind.JsonValues;
        int newline = text.IndexOf((byte)'\n');
        if (newline < 0) return isLines ? FileKind.JsonLines : FileKind.JsonValues;
        return IsBegun(text[..newline]) ? FileKind.JsonValues : FileKind.JsonLines;
    }

    // True for the beginning of a JSON value that goes on; false for a whole one, and for what is none.
    private static bool IsBegun(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line, isFinalBlock: false, new JsonReaderState(JsonValues.Options));
        try
        {
            return !(reader.Read() && reader.TrySkip());
        }
        catch (JsonException)
        {
            return false;
        }
    }

    // Files of any name: the first line, or the first element of an array, is an object with the field.
    private static bool LooksLikeRecords(ReadOnlySpan<byte> text, string textField)
    {
        if (text.StartsWith("["u8)) text = text[1..].TrimStart(" \t\r\n"u8);
        return text.StartsWith("{"u8) && HoldsText(text, textField);
    }

    // True as well where the first value is too long to tell.
    private static bool HoldsText(ReadOnlySpan<byte> text, string textField)
    {
        if (text.StartsWith("["u8)) text = text[1..].TrimStart(" \t\r\n"u8);
        var reader = new Utf8JsonReader(text, isFinalBlock: false, new JsonReaderState(JsonValues.Options));
        try
        {
            if (!reader.Read()) return false;
            var whole = reader;
            bool isBegun = !whole.TrySkip() && text.Length >= HeadBytes / 2;
            return reader.TokenType == JsonTokenType.StartObject && (JsonField.TryFind(ref reader, textField, out _) || isBegun);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool HasEnding(string name, params ReadOnlySpan<string> endings)
    {
        foreach (string ending in endings)
            if (name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }

    // Tables of numbers and images have many codes below a space.
    private static bool IsBinary(ReadOnlySpan<byte> head)
    {
        int control = 0;
        foreach (byte b in head)
            if (b is < 0x09 or (> 0x0D and < 0x20)) control++;
        return control > head.Length / 50;
    }

    // UTF-16 without a mark: of the languages of Europe every other byte is zero, and hardly any of the rest.
    private static bool IsWide(ReadOnlySpan<byte> head)
    {
        int even = 0, odd = 0;
        for (int i = 0; i < head.Length; i++)
            if (head[i] == 0) _ = i % 2 == 0 ? even++ : odd++;
        return head.Length >= 4 && Math.Max(even, odd) > head.Length / 3 && Math.Min(even, odd) <= head.Length / 50;
    }

    // The head may end inside a character.
    private static int WholeCharacters(ReadOnlySpan<byte> head)
    {
        if (head.Length < HeadBytes) return head.Length;
        for (int back = 1; back <= 4; back++)
            if ((head[^back] & 0xC0) != 0x80) return head.Length - back;
        return head.Length;
    }

    private static byte[] Head(Stream stream)
    {
        using (stream)
        {
            var head = new byte[HeadBytes];
            return head[..stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
        }
    }
}
