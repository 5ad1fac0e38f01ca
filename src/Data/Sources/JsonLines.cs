using System.Text.Json;
using System.Text.Unicode;

namespace SparkTrain.Data;

/// <summary>Reads files of one JSON object a line; the text is one of its fields. Blank lines are passed over.</summary>
internal static class JsonLines
{
    private const int MaxLineBytes = 1 << 30;

    public static IEnumerable<Document> Read(string file, Stream stream, string textField, SkippedDocuments skipped)
    {
        using (stream)
        {
            var number = 0L;
            foreach (var line in Lines(file, stream))
            {
                number++;
                if (line.Span.Trim(" \t\r"u8).IsEmpty) continue;
                if (!Utf8.IsValid(line.Span) || !TryReadText(file, number, line, textField, out var text)) skipped.Invalid++;
                else if (string.IsNullOrWhiteSpace(text)) skipped.Empty++;
                else yield return new Document(text);
            }
        }
    }

    // False where the string holds half a surrogate pair, for which UTF-8 has no bytes.
    private static bool TryReadText(string file, long number, ReadOnlyMemory<byte> line, string textField, out string? text)
    {
        var where = $"{file}:{number}";
        using var document = Parse(where, number == 1 && line.Span.StartsWith("\uFEFF"u8) ? line[3..] : line);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty(textField, out var value))
            throw new DataException(where, $"there is no field '{textField}'", "an object a line with the text in that field",
                "name the field by --text-field");
        if (value.ValueKind is not (JsonValueKind.String or JsonValueKind.Null))
            throw new DataException(where, $"the field '{textField}' is a {value.ValueKind}", "a string", "name the field by --text-field");
        try
        {
            text = value.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            text = null;
            return false;
        }
    }

    private static JsonDocument Parse(string where, ReadOnlyMemory<byte> line)
    {
        try
        {
            return JsonDocument.Parse(line);
        }
        catch (JsonException e)
        {
            throw new DataException(where, $"it is not JSON ({e.Message.TrimEnd('.')})", "one JSON object a line",
                "repair or fetch the file again; its last line may be cut off", e);
        }
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Lines(string file, Stream stream)
    {
        var buffer = new byte[1 << 16];
        var (start, filled) = (0, 0);
        while (true)
        {
            var newline = buffer.AsSpan(start, filled - start).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                yield return buffer.AsMemory(start, newline);
                start += newline + 1;
                continue;
            }
            buffer.AsSpan(start, filled - start).CopyTo(buffer);
            (start, filled) = (0, filled - start);
            if (filled == buffer.Length)
            {
                if (filled >= MaxLineBytes)
                    throw new DataException(file, "a line is longer than 1 GiB", "shorter documents", "cut the document");
                Array.Resize(ref buffer, filled * 2);
            }
            var read = stream.Read(buffer.AsSpan(filled));
            filled += read;
            if (read > 0) continue;
            if (filled > 0) yield return buffer.AsMemory(0, filled);
            yield break;
        }
    }
}
