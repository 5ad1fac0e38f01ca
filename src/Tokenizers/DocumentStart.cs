namespace SparkTrain.Tokenizers;

/// <summary>How a text that begins a document goes into a model.</summary>
public static class DocumentStart
{
    /// <summary>Returns the ids of <paramref name="text"/> behind the begin token; behind the end of another document where the tokenizer has no begin token.</summary>
    /// <inheritdoc cref="ITokenizer.Encode" path="/exception"/>
    public static List<int> EncodeFromStart(this ITokenizer tokenizer, ReadOnlySpan<char> text, CancellationToken cancellation = default)
    {
        var tokens = new List<int> { tokenizer.BosToken ?? tokenizer.EosToken };
        tokenizer.Encode(text, tokens, cancellation: cancellation);
        return tokens;
    }
}
