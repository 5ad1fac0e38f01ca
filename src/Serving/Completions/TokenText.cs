using System.Globalization;
using System.Text;
using System.Text.Unicode;
using SparkTrain.Tokenizers;

namespace SparkTrain.Serving;

/// <summary>What single tokens are called in lists of log-probabilities.</summary>
internal sealed class TokenText(ITokenizer tokenizer)
{
    /// <summary>Returns a token's text; for part of a character its bytes, <c>bytes:\xe2\x98</c>; a special token by its name, or its number.</summary>
    public string Of(int token)
    {
        var bytes = token < tokenizer.VocabSize ? tokenizer.Bytes(token) : [];
        if (bytes.IsEmpty) return token == tokenizer.EosToken ? "<eos>" : token == tokenizer.BosToken ? "<bos>" : string.Create(CultureInfo.InvariantCulture, $"token_id:{token}");
        if (Utf8.IsValid(bytes)) return Encoding.UTF8.GetString(bytes);
        var text = new StringBuilder("bytes:");
        foreach (byte b in bytes) text.Append(CultureInfo.InvariantCulture, $"\\x{b:x2}");
        return text.ToString();
    }
}
