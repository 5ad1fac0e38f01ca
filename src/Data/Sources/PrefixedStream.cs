namespace SparkTrain.Data;

/// <summary>Reads some bytes that were read already, then the stream that they came from.</summary>
internal sealed class PrefixedStream(ReadOnlyMemory<byte> begun, Stream rest) : UnpackingStream
{
    public override int Read(Span<byte> buffer)
    {
        if (begun.IsEmpty) return rest.Read(buffer);
        int count = Math.Min(begun.Length, buffer.Length);
        begun.Span[..count].CopyTo(buffer);
        begun = begun[count..];
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) rest.Dispose();
        base.Dispose(disposing);
    }
}
