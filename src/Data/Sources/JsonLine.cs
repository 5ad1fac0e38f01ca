using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>A JSON object, with a text in one of its fields, that begins in a line of a file.</summary>
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
        catch (JsonException) when (PythonJson.WithoutSpecialNumbers(line.Span) is { } plain)
        {
            return new JsonLine(file, number, plain, textField).Decode();
        }
        catch (JsonException e) when (e.Message.Contains("maximum configured depth", StringComparison.Ordinal))
        {
            throw new DataException(Where, $"it is nested deeper than {JsonValues.MaxDepth} levels", "JSON with less in it", "leave out what is beside the text", e);
        }
        catch (JsonException e)
        {
            throw new DataException(Where, $"it is not JSON ({e.Reason()})", "one JSON object a line, with nothing behind it",
                "repair or fetch the file again; its last line may be cut off", e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(text);
        }
    }

    private string Where => string.Create(CultureInfo.InvariantCulture, $"{file}:{number}");

    // Returns the length of the text in bytes; null where the string holds half a surrogate pair, for which UTF-8 has none.
    private int? Unescape(Span<byte> text)
    {
        var reader = new Utf8JsonReader(line.Span, JsonValues.Options);
        reader.Read();
        var (isFound, begin) = (false, 0);
        if (reader.TokenType == JsonTokenType.StartObject) isFound = JsonField.TryFind(ref reader, textField, out begin);
        else throw new DataException(Where, $"it is a {(reader.TokenType == JsonTokenType.StartArray ? "list" : reader.TokenType)}, not an object", "an object a line with the text in one of its fields", "write {\"text\": …} in each line");
        reader.Read();   // nothing may follow
        if (!isFound) throw new DataException(Where, $"there is no field '{textField}'", "an object a line with the text in that field", "name the field by --text-field, one inside another as outer.inner");
        var value = new Utf8JsonReader(line.Span[begin..], isFinalBlock: false, default);
        value.Read();
        return value.TokenType switch
        {
            JsonTokenType.String => TryCopy(ref value, text),
            JsonTokenType.Null => 0,
            var kind => throw new DataException(Where, $"the field '{textField}' is a {kind}", "a string", "name the field by --text-field"),
        };
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
