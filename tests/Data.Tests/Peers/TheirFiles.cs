using System.Globalization;
using System.Text.Json.Nodes;

namespace SparkTrain.Data.Tests.Peers;

/// <summary>The files that tests/peers/write-parquet.mjs writes with other programs, and the documents that it wrote.</summary>
public sealed class TheirFiles : IDisposable
{
    public const string Refused = "refused";

    private readonly TemporaryFolder folder = new();
    private readonly JsonNode documents;

    public TheirFiles()
    {
        PeerProgram.Run("write-parquet.mjs", folder.Path);
        documents = JsonNode.Parse(File.ReadAllBytes(folder["documents.json"]))!;
        Files = [.. JsonNode.Parse(File.ReadAllBytes(folder["files.json"]))!.AsArray().Select(file => (this[file!["name"]!.GetValue<string>()], file["rows"]!.GetValue<string>()))];
    }

    /// <summary>Every file, and the name of the rows that are in it.</summary>
    public IReadOnlyList<(string Path, string Rows)> Files { get; }

    public string this[string name] => folder[name];

    /// <summary>Returns the rows of that name: a text, tokens with commas between them, or null.</summary>
    public string?[] Rows(string name) => [.. documents[name]!.AsArray().Select(row => row switch
    {
        JsonArray tokens => string.Join(',', tokens.Select(token => token!.GetValue<int>().ToString(CultureInfo.InvariantCulture))),
        _ => row?.GetValue<string>(),
    })];

    public void Dispose() => folder.Dispose();
}

/// <summary>The files are written once for all tests that read them.</summary>
[CollectionDefinition(nameof(TheirFiles))]
public sealed class SharedTheirFiles : ICollectionFixture<TheirFiles>;
