using System.Xml;
using System.Xml.Linq;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>The XML documentation in the .NET SDK's reference packs as readable reference text: one document per type.</summary>
internal sealed class DotnetDocsSource : IDocumentSource
{
    public const string SpecName = "dotnet-docs";

    private const int TypicalMemberBytes = 256;

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

    public IReadOnlyList<LeftOutFile> LeftOut => [];

    public string KindOf(string file) => "XML documentation";

    public IEnumerable<(string Folder, DatasetManifest Manifest)> Datasets => [];

    public IEnumerable<SourceRecord> ReadFile(string file, long skip = 0) => ReadTypes(file).Skip(checked((int)skip)).Select(type => new TypeRecord(type.Key, type.Value));

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
            throw new DataException($"{file}:{e.LineNumber}", $"it is not XML ({e.Reason()})",
                "the documentation file of a reference pack", "repair the .NET SDK", e);
        }
    }

    private sealed class TypeRecord(string type, List<(MemberId Id, XElement Comment)> members) : SourceRecord
    {
        public override int Size => members.Count * TypicalMemberBytes;

        public override Document Decode() => TypePage.Write(type, members) is { } page ? Document.FromText(page) : Document.Empty;
    }
}
