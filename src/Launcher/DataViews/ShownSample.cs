using SparkTrain.Data;

namespace SparkTrain.Launcher.DataViews;

/// <summary>A sample of a run, or a document of a data set, cut at its document borders.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Source">The data set it comes from.</param>
/// <param name="Parts">Its documents, and pieces of such.</param>
/// <param name="Padding">Tokens at its end that fill it up.</param>
/// <param name="Targets">Tokens that are predicted.</param>
internal sealed record ShownSample(long Index, string Source, IReadOnlyList<ShownPart> Parts, int Padding, int Targets)
{
    /// <summary>Cuts a sample where the document of a token is another one than that of the token before.</summary>
    /// <param name="index">Its number.</param>
    /// <param name="source">The data set it comes from.</param>
    /// <param name="tokens_T">Its tokens.</param>
    /// <param name="documents_T">The document of each token, as the model sees them.</param>
    /// <param name="tokenizer">What made the tokens.</param>
    public static ShownSample Of(long index, string source, ReadOnlySpan<int> tokens_T, ReadOnlySpan<int> documents_T, ITokenizer tokenizer)
    {
        var (parts, padding, targets) = (new List<ShownPart>(), 0, 0);
        for (int start = 0, end; start < tokens_T.Length; start = end)
        {
            for (end = start + 1; end < tokens_T.Length && documents_T[end] == documents_T[start]; end++) targets++;
            // What fills a sample up is single end tokens; a document has more than its end.
            if (end == start + 1 && tokens_T[start] == tokenizer.EosToken) padding++;
            else parts.Add(new(tokens_T[start..end].ToArray(), tokenizer));
        }
        return new(index, source, parts, padding, targets);
    }
}

/// <summary>A document in a sample, or the piece of it that is there.</summary>
internal sealed class ShownPart(int[] tokens, ITokenizer tokenizer)
{
    /// <summary>Its tokens.</summary>
    public IReadOnlyList<int> Tokens => tokens;

    /// <summary>False where the document begins in another sample; true also where the tokenizer has no begin token to tell by.</summary>
    public bool BeginsHere => tokenizer.BosToken is not { } bos || tokens[0] == bos;

    /// <summary>False where the document goes on in another sample.</summary>
    public bool EndsHere => tokens[^1] == tokenizer.EosToken;

    /// <summary>The text, with ⟨bos⟩ and ⟨eos⟩ where these tokens stand, and control characters spelled out.</summary>
    public string Text
    {
        get
        {
            var (text, start) = (new System.Text.StringBuilder(), 0);
            for (int i = 0; i <= tokens.Length; i++)
            {
                if (i < tokens.Length && tokens[i] != tokenizer.BosToken && tokens[i] != tokenizer.EosToken) continue;
                text.Append(Visible.Of(tokenizer.Decode(tokens.AsSpan(start, i - start))));
                if (i < tokens.Length) text.Append(Special(tokens[i]));
                start = i + 1;
            }
            return text.ToString();
        }
    }

    /// <summary>What a token stands for, on one line.</summary>
    public string Piece(int token)
    {
        if (token == tokenizer.BosToken || token == tokenizer.EosToken) return Special(token);
        var bytes = tokenizer.Bytes(token);
        return System.Text.Unicode.Utf8.IsValid(bytes) ? Visible.Of(System.Text.Encoding.UTF8.GetString(bytes)).Replace("\n", "\\n", StringComparison.Ordinal) : $"<{Convert.ToHexString(bytes)}>";
    }

    private string Special(int token) => token == tokenizer.EosToken ? "⟨eos⟩" : "⟨bos⟩";
}
