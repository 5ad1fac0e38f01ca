using System.Globalization;
using System.Text.Json.Nodes;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests.Peers;

/// <summary>The files that a script of tests/peers writes with other programs, and the documents that it wrote.</summary>
public abstract class TheirFiles : IDisposable
{
    public const string Refused = "refused";

    private readonly TemporaryFolder folder = new();
    private readonly JsonNode documents;

    protected TheirFiles(string script)
    {
        PeerProgram.Run(script, folder.Path);
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

    public void Dispose()
    {
        folder.Dispose();
        GC.SuppressFinalize(this);
    }
}

/// <summary>Parquet of DuckDB and arrow-rs.</summary>
public sealed class TheirParquetFiles() : TheirFiles("write-parquet.mjs");

/// <summary>Arrow of its JavaScript and arrow-rs.</summary>
public sealed class TheirArrowFiles() : TheirFiles("write-arrow.mjs");

/// <summary>The files are written once for all tests that read them.</summary>
[CollectionDefinition(nameof(TheirParquetFiles))]
public sealed class SharedTheirParquetFiles : ICollectionFixture<TheirParquetFiles>;

/// <summary>The files are written once for all tests that read them.</summary>
[CollectionDefinition(nameof(TheirArrowFiles))]
public sealed class SharedTheirArrowFiles : ICollectionFixture<TheirArrowFiles>;
