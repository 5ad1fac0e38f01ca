using System.Globalization;
using System.Text;

namespace SparkTrain.Input;

/// <summary>Makes text of unknown origin safe for a terminal.</summary>
public static class Visible
{
    // Emoji and several scripts are written with these two (ZWNJ and ZWJ); alone they are harmless.
    private const char NonJoiner = '\u200C', Joiner = '\u200D';

    /// <summary>Spells out what would act on a terminal or is not seen: control characters but line feeds and tabs, separators of lines, and format characters such as those that turn the direction of writing.</summary>
    public static string Of(string text)
    {
        var shown = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            if (c is '\n' or '\t' or NonJoiner or Joiner || !IsHidden(c)) shown.Append(c);
            else shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }
        return shown.ToString();
    }

    /// <summary>The same, with line feeds and tabs spelled out as in C#, and backslashes doubled.</summary>
    public static string OnOneLine(string text) =>
        Of(text.Replace("\\", "\\\\", StringComparison.Ordinal)).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal);

    private static bool IsHidden(char c) => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
