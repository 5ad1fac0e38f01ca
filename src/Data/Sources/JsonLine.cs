using System.Text.Json;
using System.Text.Unicode;

namespace SparkTrain.Data;

/// <summary>A line that is a JSON object, with a text in one of its fields.</summary>
internal sealed class JsonLine(string file, long number, ReadOnlyMemory<byte> line, string textField) : SourceRecord
{
    public override int Size => line.Length;

    public override Document Decode()
    {
        if (!Utf8.IsValid(line.Span)) return Document.Invalid;
        using var parsed = Parse();
        var root = parsed.RootElement;
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty(textField, out var value))
            throw new DataException(Where, $"there is no field '{textField}'", "an object a line with the text in that field", "name the field by --text-field");
        if (value.ValueKind is not (JsonValueKind.String or JsonValueKind.Null))
            throw new DataException(Where, $"the field '{textField}' is a {value.ValueKind}", "a string", "name the field by --text-field");
        try
        {
            return new Document(value.GetString() ?? "");
        }
        catch (InvalidOperationException)
        {
            return Document.Invalid;   // half a surrogate pair, for which UTF-8 has no bytes
        }
    }

    private string Where => $"{file}:{number}";

    private JsonDocument Parse()
    {
        try
        {
            return JsonDocument.Parse(line);
        }
        catch (JsonException e)
        {
            throw new DataException(Where, $"it is not JSON ({e.Message.TrimEnd('.')})", "one JSON object a line",
                "repair or fetch the file again; its last line may be cut off", e);
        }
    }
}
