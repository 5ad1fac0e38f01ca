namespace SparkTrain.Tokenizers;

/// <summary>The text of tokens as they come: whole characters, and nothing of a stop string.</summary>
/// <param name="tokenizer">Whose tokens.</param>
/// <param name="stops">The text ends before the first of these; none of them is empty.</param>
public sealed class ContinuedText(ITokenizer tokenizer, IReadOnlyList<string> stops)
{
    private readonly StreamingDecoder decoder = new(tokenizer);
    private readonly StopText stop = new(stops);

    /// <summary>True once a stop string has come.</summary>
    public bool IsStopped => stop.IsComplete;

    /// <summary>Characters (Unicode code points) that the tokens so far have completed, held back or not.</summary>
    public int DecodedCharacters { get; private set; }

    /// <summary>Takes in a token; returns the text that has become certain. Behind the last token that is all there is.</summary>
    public string Append(int token, bool isLast)
    {
        // A token that ends the text is no part of it, even where it stands for characters elsewhere.
        string certain = tokenizer.EndsText(token) ? "" : Take(decoder.Append(token));
        if (isLast) certain += Take(decoder.Flush()) + (IsStopped ? "" : stop.Flush());
        return certain;
    }

    /// <summary>Returns the text of tokens that are all there.</summary>
    public static string Of(ITokenizer tokenizer, IReadOnlyList<int> tokens)
    {
        var text = new ContinuedText(tokenizer, []);
        return string.Concat(tokens.Index().Select(token => text.Append(token.Item, isLast: token.Index == tokens.Count - 1)));
    }

    /// <summary>Returns the number of Unicode code points of a text.</summary>
    public static int Characters(string text) => text.Length - text.Count(char.IsLowSurrogate);

    private string Take(string decoded)
    {
        DecodedCharacters += Characters(decoded);
        return stop.Append(decoded);
    }
}
