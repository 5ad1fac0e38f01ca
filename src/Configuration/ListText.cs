namespace SparkTrain.Configuration;

/// <summary>Lists in overrides: <c>[1, 2]</c>, <c>Local,Global</c> or <c>["a,b", "c"]</c>; <c>[]</c> is the empty list.</summary>
internal static class ListText
{
    /// <summary>Splits at commas outside double quotes; returns null where a bracket or quote is not closed.</summary>
    public static IReadOnlyList<string>? Split(string text)
    {
        text = text.Trim();
        if (text.StartsWith('[') != text.EndsWith(']') || text == "[") return null;
        if (text.StartsWith('[')) text = text[1..^1].Trim();
        if (text.Length == 0) return [];
        var items = new List<string>();
        var (start, quoted) = (0, false);
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] == '"') quoted = !quoted;
            if (i < text.Length && (quoted || text[i] != ',')) continue;
            items.Add(Unquoted(text[start..i].Trim()));
            start = i + 1;
        }
        return quoted ? null : items;
    }

    private static string Unquoted(string item) =>
        item.Length >= 2 && item.StartsWith('"') && item.EndsWith('"') ? item[1..^1] : item;
}
