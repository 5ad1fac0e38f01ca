namespace SparkTrain.Data;

/// <summary>A stream that knows its file, so that an unreadable or cut-off .gz is reported by name.</summary>
internal sealed class NamedStream(string file, Stream inner) : Stream
{
    private bool isEmpty = true;

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

    public override int Read(Span<byte> buffer)
    {
        try
        {
            var count = inner.Read(buffer);
            // An empty .gz decodes to nothing without complaint, though a packed empty file has 20 bytes.
            if (count == 0 && isEmpty && buffer.Length > 0 && inner is System.IO.Compression.GZipStream && new FileInfo(file).Length == 0)
                throw new InvalidDataException("The file is empty.");
            isEmpty &= count == 0;
            return count;
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new DataException(file, $"it cannot be unpacked ({e.Message.TrimEnd('.')})", "a whole gzip file", "fetch the file again", e);
        }
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
