using System.Text;

namespace SparkTrain.Configuration;

/// <summary>Describes every key of a record tree from the record itself: the Markdown reference and the answer to one question about one key.</summary>
public static class ConfigurationReference
{
    private const string Begin = "<!-- reference: begin -->";
    private const string End = "<!-- reference: end -->";

    /// <summary>The dotted paths of all keys and sections, in the order of declaration.</summary>
    public static IReadOnlyList<string> Keys<T>()
        where T : class => [.. SectionSchema.Of<T>().AllKeys().Select(key => key.Path)];

    /// <summary>Writes the reference: a heading and a table of key, type, default, range and meaning for each section.</summary>
    public static string Markdown<T>()
        where T : class
    {
        var text = new StringBuilder();
        WriteSection(text, SectionSchema.Of<T>(), "");
        return text.ToString().Trim('\n') + "\n";
    }

    /// <summary>Returns a document with the text between its two reference markers replaced by the reference.</summary>
    /// <exception cref="ConfigurationException">The document has no markers.</exception>
    public static string Insert<T>(string document)
        where T : class
    {
        var begin = document.IndexOf(Begin, StringComparison.Ordinal);
        var end = document.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
            throw new ConfigurationException($"The document has no place for the reference; must hold the lines {Begin} and {End}, in this order.");
        return $"{document[..(begin + Begin.Length)]}\n\n{Markdown<T>()}\n{document[end..]}";
    }

    /// <summary>Explains one key or section: its sentence, type, range, default and how to set it.</summary>
    /// <exception cref="ConfigurationException">There is no such key; the message names the nearest.</exception>
    public static string Explain<T>(string key)
        where T : class
    {
        var keys = SectionSchema.Of<T>().AllKeys().ToList();
        var asked = key.Trim().Replace(':', '.');
        if (keys.Find(k => k.Path.Equals(asked, StringComparison.OrdinalIgnoreCase) || asked.Equals(k.Former, StringComparison.OrdinalIgnoreCase)) is { } found) return Explain(found);
        // A bare name is enough where it can be answered: Window, when only one section has it.
        var named = keys.FindAll(k => k.Name.Equals(asked, StringComparison.OrdinalIgnoreCase));
        if (named.Count == 1) return Explain(named[0]);
        var near = named.Count > 1 ? string.Join(" or ", named.Select(k => k.Path)) : NearestName.Of(asked, [.. keys.Select(k => k.Path)]) ?? Near(keys, asked);
        throw new ConfigurationException($"{key}: no such key." + (near is null ? " config reference lists all keys." : $" Did you mean {near}?"));
    }

    private static string? Near(List<KeySchema> keys, string asked)
    {
        var name = NearestName.Of(asked.Split('.')[^1], [.. keys.Select(k => k.Name)]);
        return keys.Find(k => k.Name == name)?.Path;
    }

    private static string Explain(KeySchema key)
    {
        var text = new StringBuilder($"{key.Path}\n");
        if (key.Doc.Length > 0) text.Append($"  {key.Doc}\n");
        text.Append('\n');
        if (key.Section is { } section)
        {
            var width = section.Keys.Max(k => k.Name.Length);
            foreach (var member in section.Keys) text.Append($"  {member.Name.PadRight(width)}  {member.Doc}\n");
            return text.ToString();
        }
        text.Append($"  type         {TypeText(key)}\n");
        if (key.Limits.Length > 0) text.Append($"  range        {key.Limits}\n");
        text.Append($"  default      {key.DefaultText}\n");
        if (!key.Path.Contains("[]", StringComparison.Ordinal))
        {
            text.Append($"  override     --set {key.Path}=…\n");
            text.Append($"  environment  {StrictConfiguration.EnvironmentPrefix}{key.Path.Replace(".", "__", StringComparison.Ordinal)}=…\n");
        }
        if (!key.ValueType.IsEnum) return text.ToString();
        text.Append('\n');
        var widest = Enum.GetNames(key.ValueType).Max(name => name.Length);
        foreach (var name in Enum.GetNames(key.ValueType))
            text.Append($"  {name.PadRight(widest)}  {XmlDocumentation.OfEnumMember(key.ValueType, name)}\n");
        return text.ToString();
    }

    private static void WriteSection(StringBuilder text, SectionSchema section, string doc)
    {
        text.Append(section.Path.Length == 0 ? "### The root\n\n" : $"### {section.Path}\n\n");
        if (doc.Length > 0) text.Append(Cell(doc)).Append("\n\n");
        text.Append("| Key | Type | Default | Range | Meaning |\n| --- | --- | --- | --- | --- |\n");
        foreach (var key in section.Keys)
            text.Append($"| `{key.Name}` | {Cell(TypeText(key))} | {Cell(key.DefaultText)} | {Cell(key.Limits)} | {Cell(key.Doc)} |\n");
        text.Append('\n');
        foreach (var key in section.Keys)
            if (key.Section is { } inner)
                WriteSection(text, inner, key.Doc);
    }

    private static string TypeText(KeySchema key)
    {
        var one = key.Section is not null ? "section"
            : key.ValueType.IsEnum ? string.Join(" | ", Enum.GetNames(key.ValueType))
            : key.ValueType == typeof(bool) ? "true | false"
            : key.ValueType == typeof(string) ? "text"
            : key.ValueType == typeof(double) ? "number" : "whole number";
        var all = key.Kind == KeyKind.List ? $"list of {one}" : one;
        return key.IsNullable ? all + " | null" : all;
    }

    private static string Cell(string text) =>
        text.Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace("*", "\\*", StringComparison.Ordinal);
}
