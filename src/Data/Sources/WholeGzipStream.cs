using System.Buffers.Binary;
using System.IO.Compression;

namespace SparkTrain.Data;

/// <summary>
/// Unpacks a .gz file and notices when it is cut off: the framework's stream then ends as if all were well, so the length is compared with
/// the one at the end of the file (RFC 1952, ISIZE).
/// </summary>
internal sealed class WholeGzipStream : Stream
{
    private const int HeaderAndTrailer = 18;

    private readonly string file;
    private readonly GZipStream unpacked;
    private readonly uint expectedLength;
    private uint length;

    public WholeGzipStream(string file, FileStream packed)
    {
        this.file = file;
        if (packed.Length < HeaderAndTrailer) throw Broken($"it has {packed.Length} bytes");
        Span<byte> trailer = stackalloc byte[sizeof(uint)];
        packed.Seek(-sizeof(uint), SeekOrigin.End);
        packed.ReadExactly(trailer);
        packed.Seek(0, SeekOrigin.Begin);
        expectedLength = BinaryPrimitives.ReadUInt32LittleEndian(trailer);
        unpacked = new GZipStream(packed, CompressionMode.Decompress);
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        try
        {
            var count = unpacked.Read(buffer);
            length = unchecked(length + (uint)count);
            if (count == 0 && buffer.Length > 0 && length != expectedLength)
                throw Broken($"it unpacks to {length} bytes but names {expectedLength} at its end");
            return count;
        }
        catch (InvalidDataException e)
        {
            throw Broken($"it cannot be unpacked ({e.Message.TrimEnd('.')})", e);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) unpacked.Dispose();
        base.Dispose(disposing);
    }

    private DataException Broken(string found, Exception? inner = null) => new(file, found, "a whole gzip file of one member",
        "fetch the file again if it is cut off; unpack it with gunzip if several files were joined", inner);
}
