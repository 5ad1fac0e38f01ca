using System.Xml;
using System.Xml.Linq;

namespace SparkTrain.Data;

/// <summary>The XML documentation in the .NET SDK's reference packs as readable reference text: one document per type.</summary>
internal sealed class DotnetDocsSource : IDocumentSource
{
    public const string SpecName = "dotnet-docs";

    private readonly string[] files;

    public DotnetDocsSource(IReadOnlyList<string> packs)
    {
        var versions = packs.Select(p => $"{Path.GetFileName(Path.GetDirectoryName(p))} {Path.GetFileName(p)}");
        Description = $"{SpecName} ({string.Join(", ", versions)})";
        // The ASP.NET pack repeats the base library's files; the first pack that has a file of a name wins.
        files = [.. packs.SelectMany(p =>
            Directory.EnumerateFiles(Path.Combine(p, "ref"), "*.xml", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            .DistinctBy(Path.GetFileName, StringComparer.Ordinal)];
    }

    public string Description { get; }

    public IReadOnlyList<string> Files => files;

    public IEnumerable<Document> ReadFile(string file, SkippedDocuments skipped)
    {
        foreach (var (type, members) in ReadTypes(file))
        {
            if (TypePage.Write(type, members) is { } page) yield return new Document(page);
            else skipped.Empty++;
        }
    }

    // Types in the order of their first member; members in the order of the file.
    private static OrderedDictionary<string, List<(MemberId Id, XElement Comment)>> ReadTypes(string file)
    {
        var types = new OrderedDictionary<string, List<(MemberId, XElement)>>(StringComparer.Ordinal);
        try
        {
            using var xml = XmlReader.Create(file, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
            xml.MoveToContent();
            xml.ReadToDescendant("member");
            while (xml.NodeType == XmlNodeType.Element && xml.Name == "member")
            {
                // White space matters inside <code>.
                var comment = (XElement)XNode.ReadFrom(xml);
                if (MemberId.TryParse(comment.Attribute("name")?.Value ?? "", out var id))
                {
                    if (!types.TryGetValue(id.TypeId, out var members)) types.Add(id.TypeId, members = []);
                    members.Add((id, comment));
                }
                while (xml.NodeType is XmlNodeType.Whitespace or XmlNodeType.Comment) xml.Read();
            }
            return types;
        }
        catch (XmlException e)
        {
            throw new DataException($"{file}:{e.LineNumber}", $"it is not XML ({e.Message.TrimEnd('.')})",
                "the documentation file of a reference pack", "repair the .NET SDK", e);
        }
    }
}
