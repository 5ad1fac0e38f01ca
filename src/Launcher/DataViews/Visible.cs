using System.Globalization;
using System.Text;

namespace SparkTrain.Launcher.DataViews;

/// <summary>Makes text of unknown origin safe for a terminal.</summary>
internal static class Visible
{
    /// <summary>Spells out what would act on a terminal instead of showing: control characters but line feeds and tabs, and marks that turn the direction of writing.</summary>
    public static string Of(string text)
    {
        var shown = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            if (c is '\n' or '\t' || !(char.IsControl(c) || c is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069'))) shown.Append(c);
            else shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }
        return shown.ToString();
    }
}
