using System.Globalization;
using System.Text;
using System.Text.Unicode;
using SparkTrain.Input;
using SparkTrain.Tokenizers;

namespace SparkTrain.Launcher.DataViews;

/// <summary>A document in a sample, or the piece of it that is there.</summary>
internal sealed class ShownPart(int position, int[] tokens, ITokenizer tokenizer)
{
    /// <summary>Where it begins in the sample.</summary>
    public int Position => position;

    /// <summary>Its tokens.</summary>
    public IReadOnlyList<int> Tokens => tokens;

    /// <summary>False where the document begins in another sample; null where the tokenizer has no begin token to tell by.</summary>
    public bool? BeginsHere => tokenizer.BosToken is { } bos ? tokens[0] == bos : null;

    /// <summary>False where the document goes on in another sample.</summary>
    public bool EndsHere => tokens[^1] == tokenizer.EosToken;

    /// <summary>The text alone, as the tokenizer decodes it.</summary>
    public string Text => tokenizer.Decode(tokens);

    /// <summary>The text with ⟨bos⟩, ⟨eos⟩ and other tokens without text in their places, and control characters spelled out.</summary>
    public string Marked
    {
        get
        {
            var (text, start) = (new StringBuilder(), 0);
            for (int i = 0; i <= tokens.Length; i++)
            {
                if (i < tokens.Length && tokenizer.ByteLength(tokens[i]) > 0) continue;
                text.Append(Visible.Of(tokenizer.Decode(tokens.AsSpan(start, i - start))));
                if (i < tokens.Length) text.Append(Mark(tokens[i]));
                start = i + 1;
            }
            return text.ToString();
        }
    }

    /// <summary>What a token stands for, on one line: text between quotation marks, bytes that are only part of a character in hexadecimal, or a mark.</summary>
    public string Piece(int token)
    {
        var bytes = tokenizer.Bytes(token);
        if (bytes.IsEmpty) return Mark(token);
        return Utf8.IsValid(bytes) ? $"\"{Visible.OnOneLine(Encoding.UTF8.GetString(bytes))}\"" : $"<{Convert.ToHexString(bytes)}>";
    }

    private string Mark(int token) => token == tokenizer.EosToken ? "⟨eos⟩" : token == tokenizer.BosToken ? "⟨bos⟩" : string.Create(CultureInfo.InvariantCulture, $"⟨{token}⟩");
}
