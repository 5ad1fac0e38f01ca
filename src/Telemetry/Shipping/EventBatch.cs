using System.IO.Compression;

namespace SparkTrain.Telemetry;

/// <summary>Neighbouring whole lines of a journal.</summary>
/// <param name="Lines">The lines, without their ends.</param>
/// <param name="EndOffset">Where the line behind them begins.</param>
internal sealed record EventBatch(IReadOnlyList<byte[]> Lines, long EndOffset)
{
    /// <summary>Reads the lines from an offset on: at most so many, and, but for one that is longer, so many bytes. A line whose end is not there yet is left for later.</summary>
    public static EventBatch Read(FileStream journal, long offset, int mostEvents, int mostBytes)
    {
        byte[] bytes = new byte[mostBytes];
        while (true)
        {
            int length = RandomAccess.Read(journal.SafeFileHandle, bytes, offset);
            var lines = new List<byte[]>();
            int from = 0;
            while (lines.Count < mostEvents && bytes.AsSpan(from, length - from).IndexOf((byte)'\n') is >= 0 and int size)
            {
                if (size > 0) lines.Add(bytes[from..(from + size)]);
                from += size + 1;
            }
            // A single line that does not fit needs more room.
            if (from > 0 || length < bytes.Length) return new(lines, offset + from);
            bytes = new byte[checked(2 * bytes.Length)];
        }
    }

    /// <summary>Returns some of the lines as Serilog.Sinks.Http sends a batch: a JSON array, compressed by gzip where wanted.</summary>
    public byte[] Body(int first, int count, bool isCompressed)
    {
        using var body = new MemoryStream();
        using (Stream target = isCompressed ? new GZipStream(body, CompressionLevel.Fastest, leaveOpen: true) : body)
        {
            for (int i = first; i < first + count; i++)
            {
                target.WriteByte(i == first ? (byte)'[' : (byte)',');
                target.Write(Lines[i]);
            }
            target.WriteByte((byte)']');
            if (!isCompressed) return body.ToArray();
        }
        return body.ToArray();
    }
}
