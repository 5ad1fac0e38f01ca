namespace SparkTrain.Data;

/// <summary>Files of text, JSON lines or Parquet, told apart by their ending; .gz is unpacked on the way.</summary>
internal sealed class FileSource(string spec, IReadOnlyList<string> files, string textField) : IDocumentSource
{
    /// <summary>Endings that a folder is searched for.</summary>
    public static readonly string[] KnownEndings = [".txt", ".text", ".md", ".rst", ".jsonl", ".ndjson", ".parquet"];

    public string Description => files.Count == 1 ? spec : $"{spec} ({files.Count} files)";

    public IReadOnlyList<string> Files => files;

    public static bool IsKnown(string file) =>
        Array.Exists(KnownEndings, e => Unpacked(file).EndsWith(e, StringComparison.OrdinalIgnoreCase));

    public IEnumerable<SourceRecord> ReadFile(string file, long skip = 0) => Path.GetExtension(Unpacked(file)).ToLowerInvariant() switch
    {
        ".parquet" when IsPacked(file) =>
            throw new DataException(file, "it is a packed Parquet file", "Parquet, which is compressed inside",
                "unpack it with gunzip first"),
        ".parquet" => ParquetDocuments.Read(file, textField, skip),
        ".jsonl" or ".ndjson" => JsonLines.Read(file, OpenRead(file), textField).Skip(skip),
        _ => PlainText.Read(OpenRead(file)).Skip(skip),
    };

    private static Stream OpenRead(string file)
    {
        var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        return IsPacked(file) ? new WholeGzipStream(file, stream) : stream;
    }

    private static bool IsPacked(string file) => file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    private static string Unpacked(string file) => IsPacked(file) ? file[..^3] : file;
}
