using System.Text.Json;

namespace SparkTrain.Data;

/// <summary>Finds a field of a JSON object by its name, or by a path: <c>outer.inner</c> is the field inner of the object outer, unless a field has that very name.</summary>
internal static class JsonField
{
    /// <summary>Looks for a field in the object that the reader has just begun, and reads to the object's end.</summary>
    /// <param name="reader">Stands on the object's begin; afterwards on its end.</param>
    /// <param name="path">Name or path of the field.</param>
    /// <param name="begin">Where the field's value begins in the reader's bytes. Of several fields of one name the last counts.</param>
    /// <exception cref="JsonException">It is not JSON, or nested too deep.</exception>
    public static bool TryFind(ref Utf8JsonReader reader, ReadOnlySpan<char> path, out int begin)
    {
        var (isFound, isByName) = (false, false);
        begin = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isName = IsNamed(ref reader, path);
            int inner = isName || isByName ? -1 : Inner(ref reader, path);
            reader.Read();
            if (isName)
                (isFound, isByName, begin) = (true, true, (int)reader.TokenStartIndex);
            else if (inner >= 0 && reader.TokenType == JsonTokenType.StartObject)
            {
                if (TryFind(ref reader, path[inner..], out int found)) (isFound, begin) = (true, found);
                continue;
            }
            if (!reader.TrySkip()) break; // the beginning of a value only
        }
        return isFound;
    }

    // Half a surrogate pair is in no name that anybody asks for.
    private static bool IsNamed(ref Utf8JsonReader reader, ReadOnlySpan<char> name)
    {
        try
        {
            return reader.ValueTextEquals(name);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    // Where the path goes on behind this field's name, or -1.
    private static int Inner(ref Utf8JsonReader reader, ReadOnlySpan<char> path)
    {
        for (int dot = path.IndexOf('.'); dot >= 0 && dot < path.Length - 1;)
        {
            if (IsNamed(ref reader, path[..dot])) return dot + 1;
            int next = path[(dot + 1)..].IndexOf('.');
            dot = next < 0 ? -1 : dot + 1 + next;
        }
        return -1;
    }
}
