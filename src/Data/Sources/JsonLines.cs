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
                if (!Utf8.IsValid(line.Span)) skipped.Invalid++;
                else if (Text(file, number, line, textField) is { } text && !string.IsNullOrWhiteSpace(text)) yield return new Document(text);
                else skipped.Empty++;
            }
        }
    }

    private static string? Text(string file, long number, ReadOnlyMemory<byte> line, string textField)
    {
        var where = $"{file}:{number}";
        try
        {
            using var document = JsonDocument.Parse(number == 1 && line.Span.StartsWith("\uFEFF"u8) ? line[3..] : line);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty(textField, out var text))
                throw new DataException(where, $"there is no field '{textField}'", "an object a line with the text in that field", "name the field by --text-field");
            return text.ValueKind switch
            {
                JsonValueKind.String => text.GetString(),
                JsonValueKind.Null => null,
                var kind => throw new DataException(where, $"the field '{textField}' is a {kind}", "a string", "name the field by --text-field"),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new DataException(where, $"it is not JSON ({e.Message.TrimEnd('.')})", "one JSON object a line", "repair or fetch the file again; its last line may be cut off", e);
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
                if (filled >= MaxLineBytes) throw new DataException(file, "a line is longer than 1 GiB", "shorter documents", "cut the document");
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
