namespace SparkTrain.Data;

/// <summary>
/// Reads a text file as documents: whole if it is short, else cut at blank lines (or line ends) into pieces of about
/// <see cref="PieceBytes"/>, so that a file of any size needs little memory and a single file still has a validation split.
/// </summary>
internal static class PlainText
{
    public const int PieceBytes = 65_536;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    public static IEnumerable<SourceRecord> Read(Stream stream, int pieceBytes = PieceBytes)
    {
        using (stream)
        {
            var buffer = new byte[2 * pieceBytes];
            var (filled, isStart) = (0, true);
            while (true)
            {
                var read = stream.ReadAtLeast(buffer.AsSpan(filled), buffer.Length - filled, throwOnEndOfStream: false);
                var isEnd = filled + read < buffer.Length;
                filled += read;
                var start = isStart && buffer.AsSpan(0, filled).StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0;
                // Short of two pieces the file stays whole; the last two pieces of a long one come out of one buffer.
                var end = isEnd ? filled : Cut(buffer, pieceBytes);
                yield return new TextRecord(buffer.AsSpan(start, end - start).ToArray());
                if (isEnd) yield break;
                buffer.AsSpan(end, filled - end).CopyTo(buffer);
                (filled, isStart) = (filled - end, false);
            }
        }
    }

    // After the last blank line of the buffer's middle half, else after the last line end, else between two characters.
    private static int Cut(ReadOnlySpan<byte> buffer, int pieceBytes)
    {
        var (low, high) = (pieceBytes / 2, pieceBytes + (pieceBytes / 2));
        var middle = buffer[low..high];
        if (middle.LastIndexOf("\n\n"u8) is var blank and >= 0) return low + blank + 2;
        if (middle.LastIndexOf("\n\r\n"u8) is var blankWithReturn and >= 0) return low + blankWithReturn + 3;
        if (middle.LastIndexOf((byte)'\n') is var line and >= 0) return low + line + 1;
        while (high > low && (buffer[high] & 0xC0) == 0x80) high--;
        return high;
    }
}
