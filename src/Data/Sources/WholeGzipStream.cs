using System.IO.Compression;

namespace SparkTrain.Data;

/// <summary>
/// Unpacks a .gz file of one or several members. The framework's stream ends a file that is cut off as if all were well; so it is given one more member behind the file, and
/// all is well only if what comes out last is what that one holds. A member that is cut off swallows it.
/// </summary>
internal sealed class WholeGzipStream : UnpackingStream
{
    private const int MarkBytes = 16;

    private static readonly byte[] Mark = "SparkTrain's end"u8.ToArray(), PackedMark = Pack(Mark);

    private readonly string file;
    private readonly FileStream packed;
    private readonly GZipStream unpacked;
    private readonly byte[] window = new byte[(1 << 16) + MarkBytes];
    private int start, filled;
    private bool isEnd;

    public WholeGzipStream(string file, FileStream packed)
    {
        (this.file, this.packed) = (file, packed);
        unpacked = new GZipStream(new WithMark(packed), CompressionMode.Decompress);
    }

    public override int Read(Span<byte> buffer)
    {
        // The last bytes are held back, since they may be the mark.
        if (filled - start <= MarkBytes && !isEnd) Fill();
        var count = Math.Min(buffer.Length, filled - start - MarkBytes);
        window.AsSpan(start, count).CopyTo(buffer);
        start += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) unpacked.Dispose();
        base.Dispose(disposing);
    }

    private void Fill()
    {
        window.AsSpan(start, filled - start).CopyTo(window);
        (start, filled) = (0, filled - start);
        try
        {
            while (filled <= MarkBytes && !isEnd)
            {
                var read = unpacked.Read(window.AsSpan(filled));
                filled += read;
                isEnd = read == 0;
            }
        }
        catch (InvalidDataException e)
        {
            throw Broken(file, "gzip", $"it cannot be unpacked ({e.Message.TrimEnd('.')})", e);
        }
        if (isEnd && (packed.Length == 0 || !window.AsSpan(0, filled).SequenceEqual(Mark)))
            throw Broken(file, "gzip", packed.Length == 0 ? "it is empty" : "it is cut off, or something else stands behind its end");
    }

    private static byte[] Pack(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest)) gzip.Write(bytes);
        return stream.ToArray();
    }

    /// <summary>A file, and the packed mark behind it.</summary>
    private sealed class WithMark(FileStream packed) : UnpackingStream
    {
        private int marked;

        public override int Read(Span<byte> buffer)
        {
            var read = packed.Read(buffer);
            if (read > 0 || buffer.IsEmpty) return read;
            read = Math.Min(buffer.Length, PackedMark.Length - marked);
            PackedMark.AsSpan(marked, read).CopyTo(buffer);
            marked += read;
            return read;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) packed.Dispose();
            base.Dispose(disposing);
        }
    }
}
