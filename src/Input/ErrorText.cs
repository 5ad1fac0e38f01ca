using System.Globalization;

namespace SparkTrain.Input;

/// <summary>Words errors about what others wrote, in the form where · found · expected · do. What they quote may be of any length: of a long part the middle is left out.</summary>
public static class ErrorText
{
    /// <summary>Letters that are shown of a part.</summary>
    public const int MostLetters = 2000;

    // Of those that are shown; the end tells less than the beginning.
    private const int LettersOfTheEnd = 500;

    /// <summary>Composes the message of its four parts.</summary>
    public static string Of(string where, string found, string expected, string @do) => $"{Short(where)}: {Short(found)}.\n  expected: {Short(expected)}\n  do: {Short(@do)}";

    /// <summary>Returns a text, without its middle where it is long.</summary>
    public static string Short(string text)
    {
        if (text.Length <= MostLetters) return text;
        int begin = MostLetters - LettersOfTheEnd, end = text.Length - LettersOfTheEnd;
        // No half of a surrogate pair stays.
        if (char.IsHighSurrogate(text[begin - 1])) begin--;
        if (char.IsLowSurrogate(text[end])) end++;
        return string.Create(CultureInfo.InvariantCulture, $"{text.AsSpan(0, begin)}… ({end - begin} letters) …{text.AsSpan(end)}");
    }
}
