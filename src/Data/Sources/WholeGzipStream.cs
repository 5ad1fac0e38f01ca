using System.IO.Compression;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>
/// Unpacks a .gz file of one or several members. The framework's stream ends a file that is cut off as if all were well; so it is given one more member behind the file, and
/// all is well only if what comes out last is what that one holds. A member that is cut off swallows it. Zeros behind the last member, as tapes and block devices leave
/// them (RFC 1952 does not forbid them, gzip passes over them), are left out.
/// </summary>
internal sealed class WholeGzipStream : UnpackingStream
{
    private const int MarkBytes = 16, TrailerBytes = 8;

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
        unpacked = new GZipStream(new WithMark(packed, packed.Length), CompressionMode.Decompress);
    }

    // A member ends with eight bytes, which may be zeros themselves: the file is unpacked again, up to each place that may be its end, until the mark comes out.
    private static bool EndsInZeros(FileStream packed)
    {
        long end = LastNonZero(packed) + 1;
        return end < packed.Length && Enumerable.Range(0, TrailerBytes + 1).Any(zeros => end + zeros < packed.Length && EndsWithMark(packed, end + zeros));
    }

    private static bool EndsWithMark(FileStream packed, long end)
    {
        var last = new byte[MarkBytes];
        var buffer = new byte[1 << 16];
        packed.Position = 0;
        try
        {
            using var whole = new GZipStream(new WithMark(packed, end, leaveOpen: true), CompressionMode.Decompress);
            for (int read; (read = whole.Read(buffer)) > 0;)
            {
                if (read < MarkBytes) last.AsSpan(read).CopyTo(last);
                buffer.AsSpan(Math.Max(0, read - MarkBytes)..read).CopyTo(last.AsSpan(Math.Max(0, MarkBytes - read)));
            }
            return last.AsSpan().SequenceEqual(Mark);
        }
        catch (InvalidDataException)
        {
            return false;
        }
        finally
        {
            packed.Position = 0;
        }
    }

    // -1 where there is none.
    private static long LastNonZero(FileStream packed)
    {
        var block = new byte[1 << 16];
        for (long end = packed.Length; end > 0;)
        {
            long begin = Math.Max(0, end - block.Length);
            packed.Position = begin;
            var read = block.AsSpan(0, (int)(end - begin));
            packed.ReadExactly(read);
            if (read.LastIndexOfAnyExcept((byte)0) is var last and >= 0)
            {
                packed.Position = 0;
                return begin + last;
            }
            end = begin;
        }
        packed.Position = 0;
        return -1;
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
            throw Broken(file, "gzip", $"it cannot be unpacked ({e.Reason()})", e);
        }
        if (isEnd && packed.Length > 0 && !window.AsSpan(0, filled).SequenceEqual(Mark) && EndsInZeros(packed))
        {
            // All that is held back is text, then.
            Mark.CopyTo(window, filled);
            filled += MarkBytes;
        }
        else if (isEnd && (packed.Length == 0 || !window.AsSpan(0, filled).SequenceEqual(Mark)))
            throw Broken(file, "gzip", packed.Length == 0 ? "it is empty" : "it is cut off, or something else than zeros stands behind its end");
    }

    private static byte[] Pack(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest)) gzip.Write(bytes);
        return stream.ToArray();
    }

    /// <summary>A file up to its end, and the packed mark behind it.</summary>
    private sealed class WithMark(FileStream packed, long end, bool leaveOpen = false) : UnpackingStream
    {
        private int marked;

        public override int Read(Span<byte> buffer)
        {
            var read = packed.Read(buffer[..(int)Math.Min(buffer.Length, end - packed.Position)]);
            if (read > 0 || buffer.IsEmpty) return read;
            read = Math.Min(buffer.Length, PackedMark.Length - marked);
            PackedMark.AsSpan(marked, read).CopyTo(buffer);
            marked += read;
            return read;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing && !leaveOpen) packed.Dispose();
            base.Dispose(disposing);
        }
    }
}
