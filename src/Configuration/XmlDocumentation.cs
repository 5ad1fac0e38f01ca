using System.Collections.Concurrent;
using System.Reflection;
using System.Text;
using System.Xml.Linq;

namespace SparkTrain.Configuration;

/// <summary>Reads the summaries that the compiler wrote beside each assembly: the one place where keys are documented.</summary>
internal static class XmlDocumentation
{
    private static readonly ConcurrentDictionary<Assembly, Dictionary<string, string>> Cache = new();

    public static string Of(Type type) => Find(type.Assembly, "T:" + Name(type));

    public static string Of(PropertyInfo property) => Find(property.DeclaringType!.Assembly, $"P:{Name(property.DeclaringType!)}.{property.Name}");

    public static string OfEnumMember(Type type, string member) => Find(type.Assembly, $"F:{Name(type)}.{member}");

    private static string Name(Type type) => type.FullName!.Replace('+', '.');

    private static string Find(Assembly assembly, string member) => Cache.GetOrAdd(assembly, Read).GetValueOrDefault(member, "");

    private static Dictionary<string, string> Read(Assembly assembly)
    {
        var path = Path.ChangeExtension(assembly.Location, ".xml");
        if (!File.Exists(path)) return [];
        return XDocument.Load(path, LoadOptions.PreserveWhitespace).Descendants("member")
            .Where(member => member.Attribute("name") is not null && member.Element("summary") is not null)
            .ToDictionary(member => member.Attribute("name")!.Value, member => Sentence(member.Element("summary")!), StringComparer.Ordinal);
    }

    private static string Sentence(XElement summary)
    {
        var text = new StringBuilder();
        Append(text, summary);
        return string.Join(' ', text.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    private static void Append(StringBuilder text, XElement element)
    {
        foreach (var node in element.Nodes())
        {
            if (node is XText plain) text.Append(plain.Value);
            else if (node is XElement { IsEmpty: false } inner) Append(text, inner);
            else if (node is XElement reference) text.Append(Referenced(reference));
        }
    }

    /// <summary>The last part of what <c>cref</c>, <c>langword</c> or <c>name</c> points to.</summary>
    private static string Referenced(XElement element)
    {
        var target = element.Attributes().FirstOrDefault(a => a.Name.LocalName is "cref" or "langword" or "name")?.Value ?? "";
        var member = target.Split('(')[0];
        return member[(member.LastIndexOfAny(['.', ':']) + 1)..];
    }
}
