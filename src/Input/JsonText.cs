using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace SparkTrain.Input;

/// <summary>
/// Parses JSON that others wrote. <see cref="JsonDocument"/> takes names and texts that nothing can be made of: half a surrogate pair (<c>"\ud800"</c>), or bytes that are
/// not UTF-8. Whoever asks for one later gets an exception that is not a <see cref="JsonException"/>; here the parsing tells.
/// </summary>
public static class JsonText
{
    private const int DefaultDepth = 64, LongestPlace = 80;

    /// <summary>Parses a document of which every name and text can be read.</summary>
    /// <exception cref="JsonException">It is not JSON, or a name or text is none; the message says which.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json, JsonDocumentOptions options = default)
    {
        Require(json.Span, options);
        return JsonDocument.Parse(json, options);
    }

    /// <summary>The same for a text.</summary>
    /// <exception cref="JsonException">It is not JSON, or a name or text is none; the message says which.</exception>
    public static JsonDocument Parse(string json, JsonDocumentOptions options = default) => Parse(Encoding.UTF8.GetBytes(json), options);

    /// <summary>Checks that every name and text of a document can be read.</summary>
    /// <exception cref="JsonException">It is not JSON, or a name or text is none; the message says which.</exception>
    public static void Require(ReadOnlySpan<byte> json, JsonDocumentOptions options = default)
    {
        int depth = options.MaxDepth == 0 ? DefaultDepth : options.MaxDepth;
        // A reader returns comments where it may, a document has none.
        var comments = options.CommentHandling == JsonCommentHandling.Disallow ? JsonCommentHandling.Disallow : JsonCommentHandling.Skip;
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = depth, AllowTrailingCommas = options.AllowTrailingCommas, CommentHandling = comments });
        // The name that was read last at each depth.
        var names = new Range[depth + 1];
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.StartArray && reader.CurrentDepth < depth) names[reader.CurrentDepth + 1] = default;
            if (reader.TokenType is not (JsonTokenType.PropertyName or JsonTokenType.String)) continue;
            int first = (int)reader.TokenStartIndex + 1;
            if (reader.TokenType == JsonTokenType.PropertyName) names[reader.CurrentDepth] = first..(first + reader.ValueSpan.Length);
            if (!IsText(ref reader)) throw Refuse(json, first, names.AsSpan(0, reader.CurrentDepth + 1));
        }
    }

    private static bool IsText(ref Utf8JsonReader reader)
    {
        if (!Utf8.IsValid(reader.ValueSpan)) return false;
        if (!reader.ValueIsEscaped || reader.ValueSpan.IndexOf("\\u"u8) < 0) return true;
        try
        {
            _ = reader.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static JsonException Refuse(ReadOnlySpan<byte> json, int at, ReadOnlySpan<Range> names)
    {
        var place = new StringBuilder();
        foreach (var name in names)
            if (!name.Equals(default)) place.Append(place.Length > 0 ? "." : "").Append(Encoding.UTF8.GetString(json[name]));
        if (place.Length > LongestPlace) place.Remove(LongestPlace, place.Length - LongestPlace).Append('…');
        var before = json[..at];
        int line = before.Count((byte)'\n'), column = at - 1 - (before.LastIndexOf((byte)'\n') + 1);
        string what = Utf8.IsValid(json[at..]) ? "half a surrogate pair" : "bytes that are not UTF-8";
        return new($"{(place.Length > 0 ? place : "a text")} holds {what} LineNumber: {line} | BytePositionInLine: {column}.", null, line, column);
    }
}
