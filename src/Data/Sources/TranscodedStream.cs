using System.Text;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>Reads a text of another encoding as UTF-8.</summary>
internal sealed class TranscodedStream(string file, Stream stream, Encoding encoding) : UnpackingStream
{
    private readonly Stream utf8 = Encoding.CreateTranscodingStream(stream, encoding, Encoding.UTF8);

    public override int Read(Span<byte> buffer)
    {
        try
        {
            return utf8.Read(buffer);
        }
        catch (DecoderFallbackException e)
        {
            throw new DataException(file, $"its byte order mark says {encoding.WebName}, its text is not ({e.Reason()})", "text in one encoding", $"write it anew as UTF-8, for example: iconv -f {encoding.WebName} -t UTF-8", e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) utf8.Dispose();
        base.Dispose(disposing);
    }
}
