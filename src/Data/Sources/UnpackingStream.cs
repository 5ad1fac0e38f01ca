using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>Reads a packed file, and notices when it is cut off or damaged.</summary>
internal abstract class UnpackingStream : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public abstract override int Read(Span<byte> buffer);

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected static DataException Broken(string file, string kind, string found, Exception? inner = null) => new(file, found, $"a whole {kind} file", "fetch the file again", inner);
}
