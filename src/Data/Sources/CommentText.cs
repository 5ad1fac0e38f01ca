using System.Text;
using System.Xml.Linq;

namespace SparkTrain.Data;

/// <summary>
/// Turns the content of documentation comments into plain text: references to names, lists to lines, paragraphs kept apart by a blank line.
/// </summary>
internal static class CommentText
{
    /// <summary>Returns the text of <paramref name="element"/> without its own tag.</summary>
    public static string Of(XElement element)
    {
        var text = new StringBuilder();
        Append(text, element);
        return text.ToString().Trim();
    }

    /// <summary>Returns the readable name behind a cref such as <c>M:System.String.Trim</c>.</summary>
    public static string NameOf(string cref)
    {
        if (MemberId.TryParse(cref, out var id))
        {
            var type = TypeName.Unbound.OfDefinition(id.TypeId);
            if (id.Kind == 'T') return type;
            var tick = id.Name.IndexOf('`', StringComparison.Ordinal);
            var name = tick < 0 ? id.Name : id.Name[..tick];
            if (name == "ctor") name = type;
            var parameters = id.Parameters is null ? "" : $"({string.Join(", ", id.Parameters.Select(TypeName.Unbound.Of))})";
            return name == type ? type + (parameters.Length > 0 ? parameters : "()") : $"{type}.{name}{parameters}";
        }
        // O: (all overloads), N: (namespace) and !: (unresolved) keep their path.
        return cref.Length > 2 && cref[1] == ':' ? cref[2..] : cref;
    }

    private static void Append(StringBuilder text, XElement parent)
    {
        foreach (var node in parent.Nodes())
        {
            if (node is XText words) AppendWords(text, words.Value);
            else if (node is XElement element) AppendElement(text, element);
        }
    }

    private static void AppendElement(StringBuilder text, XElement element)
    {
        switch (element.Name.LocalName)
        {
            case "see" or "seealso" or "xref" or "a" or "inheritdoc":
                AppendReference(text, element);
                break;
            case "paramref" or "typeparamref":
                text.Append(element.Attribute("name")?.Value);
                break;
            case "para" or "p" or "note" or "block":
                Break(text, 2);
                Append(text, element);
                Break(text, 2);
                break;
            case "br":
                Break(text, 1);
                break;
            case "code":
                Break(text, 2);
                text.Append(Unindented(element.Value));
                Break(text, 2);
                break;
            case "list" or "ul" or "ol":
                Break(text, 2);
                foreach (var item in element.Elements()) AppendItem(text, item);
                Break(text, 2);
                break;
            default:   // c, b, i, em, sup, …
                Append(text, element);
                break;
        }
    }

    private static void AppendReference(StringBuilder text, XElement element)
    {
        if (element.Nodes().Any()) Append(text, element);
        else if (element.Attribute("langword")?.Value is { } word) text.Append(word);
        else if (element.Attribute("cref")?.Value is { } cref) text.Append(NameOf(cref));
        else text.Append(element.Attribute("uid")?.Value ?? element.Attribute("href")?.Value);
    }

    private static void AppendItem(StringBuilder text, XElement item)
    {
        var parts = item.Elements().Where(e => e.Name.LocalName is "term" or "description").Select(Of).Where(p => p.Length > 0).ToArray();
        text.Append("- ").Append(parts.Length > 0 ? string.Join(": ", parts) : Of(item));
        Break(text, 1);
    }

    // White space collapses to one space; where it holds a blank line, a paragraph ends.
    private static void AppendWords(StringBuilder text, string words)
    {
        for (var i = 0; i < words.Length;)
        {
            if (!char.IsWhiteSpace(words[i]))
            {
                text.Append(words[i++]);
                continue;
            }
            var start = i;
            while (i < words.Length && char.IsWhiteSpace(words[i])) i++;
            if (words.AsSpan(start, i - start).Count('\n') > 1) Break(text, 2);
            else if (text.Length > 0 && !char.IsWhiteSpace(text[^1])) text.Append(' ');
        }
    }

    private static void Break(StringBuilder text, int lines)
    {
        while (text.Length > 0 && text[^1] == ' ') text.Length--;
        if (text.Length == 0) return;
        var present = 0;
        while (present < text.Length && text[^(present + 1)] == '\n') present++;
        text.Append('\n', Math.Max(0, lines - present));
    }

    private static string Unindented(string code)
    {
        var lines = code.ReplaceLineEndings("\n").Split('\n').Select(l => l.TrimEnd()).SkipWhile(l => l.Length == 0).ToList();
        while (lines.Count > 0 && lines[^1].Length == 0) lines.RemoveAt(lines.Count - 1);
        var indent = lines.Where(l => l.Length > 0).Select(l => l.Length - l.TrimStart().Length).DefaultIfEmpty(0).Min();
        return string.Join('\n', lines.Select(l => l.Length == 0 ? l : l[indent..]));
    }
}
