using System.Text;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>Files that may be packed, by their ending or, where it says nothing, by their first bytes.</summary>
internal static class PackedFile
{
    private const int MarkBytes = 4;

    private static readonly string[] Endings = [".gz", ".zst"];

    /// <summary>Byte order marks of encodings that are turned into UTF-8; the longer before the shorter that it begins with.</summary>
    private static readonly Encoding[] Marked = [new UTF32Encoding(false, true, true), new UTF32Encoding(true, true, true), new UnicodeEncoding(false, true, true), new UnicodeEncoding(true, true, true)];

    /// <summary>Returns true for a file with these first bytes that is unpacked when it is read.</summary>
    public static bool IsPacked(string file, ReadOnlySpan<byte> head) => Packing(file, head) is not null;

    /// <summary>Returns the name that the file has when it is unpacked.</summary>
    public static string NameInside(string file) => file[..^(EndingOf(file)?.Length ?? 0)];

    /// <summary>Opens a file; what is read is unpacked, and UTF-8 where the text has another encoding's byte order mark.</summary>
    /// <exception cref="DataException">A packed file is cut off or damaged, or a text is not in the encoding of its mark; also later, while it is read.</exception>
    public static Stream OpenRead(string file)
    {
        RegularFile.Require(file);
        var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        var head = new byte[MarkBytes];
        int read = stream.ReadAtLeast(head, MarkBytes, throwOnEndOfStream: false);
        stream.Position = 0;
        Stream unpacked = Packing(file, head.AsSpan(0, read)) switch
        {
            ".gz" => new WholeGzipStream(file, stream),
            ".zst" => new WholeZstdStream(file, stream),
            _ => stream,
        };
        var begun = new byte[MarkBytes];
        int length = unpacked.ReadAtLeast(begun, MarkBytes, throwOnEndOfStream: false);
        var whole = new PrefixedStream(begun.AsMemory(0, length), unpacked);
        return Array.Find(Marked, e => begun.AsSpan(0, length).StartsWith(e.Preamble)) is { } encoding ? new TranscodedStream(file, whole, encoding) : whole;
    }

    private static string? Packing(string file, ReadOnlySpan<byte> head) =>
        EndingOf(file) ?? (head.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]) ? ".gz" : head.StartsWith((ReadOnlySpan<byte>)[0x28, 0xB5, 0x2F, 0xFD]) ? ".zst" : null);

    private static string? EndingOf(string file) => Array.Find(Endings, ending => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
}
