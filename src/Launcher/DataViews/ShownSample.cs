using SparkTrain.Tokenizers;

namespace SparkTrain.Launcher.DataViews;

/// <summary>Which sample or document it is.</summary>
/// <param name="Kind"><c>sample</c> or <c>document</c>.</param>
/// <param name="Index">Its number, counted from 0.</param>
/// <param name="Step">The step that trains on it, counted from 1; null where none does.</param>
/// <param name="Source">The dataset it comes from, or the split of one.</param>
internal sealed record SampleName(string Kind, long Index, long? Step, string Source);

/// <summary>A sample of a run, or a document of a dataset, cut at its document borders.</summary>
/// <param name="Name">Which one it is.</param>
/// <param name="Parts">Its documents, and pieces of such.</param>
/// <param name="Padding">Tokens at its end that fill it up.</param>
/// <param name="Targets">Tokens that are predicted.</param>
internal sealed record ShownSample(SampleName Name, IReadOnlyList<ShownPart> Parts, int Padding, int Targets)
{
    /// <summary>All its tokens.</summary>
    public int Tokens => Parts.Sum(part => part.Tokens.Count) + Padding;

    /// <summary>Cuts a sample where the document of a token is another one than that of the token before.</summary>
    /// <param name="name">Which one it is.</param>
    /// <param name="tokens_T">Its tokens.</param>
    /// <param name="documents_T">The document of each token, as the model sees them.</param>
    /// <param name="tokenizer">What made the tokens.</param>
    /// <param name="isPadded">True where end tokens, each a document of its own, may fill the sample up.</param>
    public static ShownSample Of(SampleName name, ReadOnlySpan<int> tokens_T, ReadOnlySpan<int> documents_T, ITokenizer tokenizer, bool isPadded)
    {
        int end = tokens_T.Length;
        if (isPadded)
            while (end > 0 && tokens_T[end - 1] == tokenizer.EosToken && (end < 2 || documents_T[end - 2] != documents_T[end - 1])) end--;
        var (parts, targets) = (new List<ShownPart>(), 0);
        for (int start = 0, next; start < end; start = next)
        {
            for (next = start + 1; next < end && documents_T[next] == documents_T[start]; next++) targets++;
            parts.Add(new(start, tokens_T[start..next].ToArray(), tokenizer));
        }
        return new(name, parts, tokens_T.Length - end, targets);
    }
}
