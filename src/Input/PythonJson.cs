namespace SparkTrain.Input;

/// <summary>JSON as Python's json module writes it by default, with numbers that JSON does not have: NaN, Infinity, -Infinity.</summary>
public static class PythonJson
{
    /// <summary>Returns the text with 0 in their place, everything else at its position; null where there are none.</summary>
    /// <param name="json">UTF-8.</param>
    public static byte[]? WithoutSpecialNumbers(ReadOnlySpan<byte> json)
    {
        byte[]? plain = null;
        bool isInText = false;
        for (int i = 0; i < json.Length; i++)
        {
            if (isInText && json[i] == '\\') i++;
            else if (json[i] == '"') isInText = !isInText;
            else if (!isInText && LengthOfSpecial(json[i..]) is var length and > 0)
            {
                plain ??= json.ToArray();
                // Blanks are allowed wherever a number ends.
                plain.AsSpan(i, length).Fill((byte)' ');
                "0"u8.CopyTo(plain.AsSpan(i));
                i += length - 1;
            }
        }
        return plain;
    }

    private static int LengthOfSpecial(ReadOnlySpan<byte> json) =>
        json.StartsWith("NaN"u8) ? "NaN".Length : json.StartsWith("Infinity"u8) ? "Infinity".Length : json.StartsWith("-Infinity"u8) ? "-Infinity".Length : 0;
}
