namespace SparkTrain.Data;

/// <summary>Files of text, JSON lines or Parquet, told apart by their ending; .gz and .zst are unpacked on the way. A file is opened when its turn comes.</summary>
internal sealed class FileSource(string spec, IReadOnlyList<string> files, string textField) : IDocumentSource
{
    /// <summary>Endings that a folder is searched for.</summary>
    public static readonly string[] KnownEndings = [".txt", ".text", ".md", ".rst", ".jsonl", ".ndjson", ".parquet"];

    private readonly PreparedShards prepared = new();

    public string Description => files.Count == 1 ? spec : $"{spec} ({files.Count} files)";

    public IReadOnlyList<string> Files => files;

    public IEnumerable<(string Folder, DatasetManifest Manifest)> Datasets =>
        files.Where(IsParquet).Select(prepared.Find).OfType<PreparedShard>().Select(found => (found.Folder, found.Manifest)).DistinctBy(d => d.Folder);

    public static bool IsKnown(string file) =>
        Array.Exists(KnownEndings, e => PackedFile.NameInside(file).EndsWith(e, StringComparison.OrdinalIgnoreCase));

    public IEnumerable<SourceRecord> ReadFile(string file, long skip = 0) => Path.GetExtension(PackedFile.NameInside(file)).ToLowerInvariant() switch
    {
        ".parquet" when PackedFile.IsPacked(file) =>
            throw new DataException(file, "it is a packed Parquet file", "Parquet, which is compressed inside",
                "unpack it first"),
        ".parquet" => prepared.Find(file) is { } found ? found.Read(file, skip) : ParquetDocuments.Read(file, textField, skip),
        ".jsonl" or ".ndjson" => JsonLines.Read(file, PackedFile.OpenRead(file), textField).Skip(skip),
        _ => PlainText.Read(PackedFile.OpenRead(file)).Skip(skip),
    };

    private static bool IsParquet(string file) => file.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase);
}
