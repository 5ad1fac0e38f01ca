using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>Files of text, JSON, separated values, Parquet or Arrow, told apart by content and name; packed ones are unpacked on the way. A file is opened when its turn comes.</summary>
internal sealed class FileSource(string spec, IReadOnlyList<string> files, string textField, IReadOnlyList<LeftOutFile>? leftOut = null, bool isAlone = false) : IDocumentSource
{
    private readonly PreparedShards prepared = new();
    private readonly Dictionary<string, KindOfFile> kinds = [];

    public string Description => files.Count == 1 ? spec : $"{spec} ({files.Count} files)";

    public IReadOnlyList<string> Files => files;

    public IReadOnlyList<LeftOutFile> LeftOut => leftOut ?? [];

    public IEnumerable<(string Folder, DatasetManifest Manifest)> Datasets =>
        files.Where(IsParquet).Select(prepared.Find).OfType<PreparedShard>().Select(found => (found.Folder, found.Manifest)).DistinctBy(d => d.Folder);

    public string KindOf(string file) => Kind(file).Name;

    public IEnumerable<SourceRecord> ReadFile(string file, long skip = 0) => Kind(file).Kind switch
    {
        FileKind.Parquet => prepared.Find(file) is { } found ? found.Read(file, skip) : ParquetDocuments.Read(file, textField, skip),
        FileKind.Arrow => ArrowDocuments.Read(file, textField, skip),
        FileKind.JsonLines => JsonLines.Read(file, PackedFile.OpenRead(file), textField).Skip(skip),
        FileKind.JsonValues => JsonValues.Read(file, PackedFile.OpenRead(file), textField).Skip(skip),
        FileKind.Table => TableRows.Read(file, PackedFile.OpenRead(file), textField, PackedFile.NameInside(file).EndsWith(".tsv", StringComparison.OrdinalIgnoreCase) ? '\t' : ',').Skip(skip),
        FileKind.Text or FileKind.DatasetCard or FileKind.Binary => PlainText.Read(PackedFile.OpenRead(file), PieceBytes(file)).Skip(skip),
        FileKind.OtherJson => throw new DataException(file, $"it is {Kind(file).Name}", "an array of objects, or objects, with the text in that field", "name the field by --text-field"),
        FileKind.ForeignText => throw new DataException(file, "its text is not UTF-8", "UTF-8, or UTF-16 or UTF-32 with a byte order mark", "write it anew, for example: iconv -f LATIN1 -t UTF-8 FILE"),
        _ => throw new DataException(file, $"it is {Kind(file).Name}", "text, JSON or separated values, as they are or packed as .gz or .zst, Parquet or Arrow", "unpack it first"),
    };

    private KindOfFile Kind(string file) => kinds.TryGetValue(file, out var kind) ? kind : kinds[file] = FileContent.Of(file, textField);

    // One short text, and nothing else: smaller pieces give both splits something.
    private int PieceBytes(string file) =>
        isAlone && files.Count == 1 && new FileInfo(file).Length is >= 2048 and <= 2 * PlainText.PieceBytes and var length ? (int)Math.Max(1024, length / 16) : PlainText.PieceBytes;

    private static bool IsParquet(string file) => file.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase);
}
