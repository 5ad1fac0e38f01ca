using System.Buffers;
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
        // Unescaped it is never longer.
        var text = ArrayPool<byte>.Shared.Rent(line.Length);
        try
        {
            return Unescape(text) is { } length ? Document.FromUtf8(text.AsSpan(0, length)) : Document.Invalid;
        }
        catch (JsonException e)
        {
            throw new DataException(Where, $"it is not JSON ({e.Message.TrimEnd('.')})", "one JSON object a line",
                "repair or fetch the file again; its last line may be cut off", e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(text);
        }
    }

    private string Where => $"{file}:{number}";

    // Returns the length of the text in bytes; null where the string holds half a surrogate pair, for which UTF-8 has none. Of several fields of the name the last one counts.
    private int? Unescape(Span<byte> text)
    {
        var reader = new Utf8JsonReader(line.Span);
        var (kind, length) = (JsonTokenType.None, (int?)0);
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isText = reader.ValueTextEquals(textField);
                reader.Read();
                if (isText) (kind, length) = (reader.TokenType, reader.TokenType == JsonTokenType.String ? TryCopy(ref reader, text) : 0);
                reader.Skip();
            }
        }
        else reader.Skip();
        reader.Read();   // nothing may follow
        if (kind == JsonTokenType.None)
            throw new DataException(Where, $"there is no field '{textField}'", "an object a line with the text in that field", "name the field by --text-field");
        if (kind is not (JsonTokenType.String or JsonTokenType.Null))
            throw new DataException(Where, $"the field '{textField}' is a {kind}", "a string", "name the field by --text-field");
        return length;
    }

    private static int? TryCopy(ref Utf8JsonReader reader, Span<byte> text)
    {
        try
        {
            return reader.CopyString(text);
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
