using System.Text;

namespace SparkTrain.Tokenizers;

/// <summary>Decodes a text as its tokens arrive: bytes of a character that is still incomplete are held back until it is whole.</summary>
public sealed class StreamingDecoder(ITokenizer tokenizer)
{
    private readonly Decoder utf8 = Encoding.UTF8.GetDecoder();

    /// <summary>Returns the characters that <paramref name="token"/> completes, possibly none. Models may have more ids than their tokenizer; those have no text.</summary>
    public string Append(int token) => Convert(token < tokenizer.VocabSize ? tokenizer.Bytes(token) : [], flush: false);

    /// <summary>Returns U+FFFD for a character that the end of the text left incomplete, else the empty string.</summary>
    public string Flush() => Convert([], flush: true);

    private string Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        var chars = new char[utf8.GetCharCount(bytes, flush)];
        return new string(chars, 0, utf8.GetChars(bytes, chars, flush));
    }
}
