namespace SparkTrain.Data;

/// <summary>Files that may be packed, by their ending.</summary>
internal static class PackedFile
{
    private static readonly string[] Endings = [".gz", ".zst"];

    public static bool IsPacked(string file) => EndingOf(file) is not null;

    /// <summary>Returns the name that the file has when it is unpacked.</summary>
    public static string NameInside(string file) => file[..^(EndingOf(file)?.Length ?? 0)];

    /// <summary>Opens a file; what is read is unpacked. Throws <see cref="DataException"/>, also later while it is read, where a packed file is cut off or damaged.</summary>
    public static Stream OpenRead(string file)
    {
        var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        return EndingOf(file) switch
        {
            ".gz" => new WholeGzipStream(file, stream),
            ".zst" => new WholeZstdStream(file, stream),
            _ => stream,
        };
    }

    private static string? EndingOf(string file) => Array.Find(Endings, ending => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
}
