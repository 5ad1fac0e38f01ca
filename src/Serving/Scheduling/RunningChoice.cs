using SparkTrain.Generation;
using SparkTrain.Tokenizers;

namespace SparkTrain.Serving;

/// <summary>One continuation of a prompt: its keys and values, its sampler and its text so far.</summary>
internal sealed class RunningChoice(int number, int choice, GenerationRequest request, ITokenizer tokenizer) : IDisposable
{
    private readonly Sampler sampler = new(request.Sampling with { Seed = request.Sampling.Seed + choice }, request.Prompt);
    private readonly ContinuedText text = new(tokenizer, request.Stops);
    private readonly List<TokenLogProb> held = [];
    private readonly int[] last = new int[1];
    private int tokens, shownCharacters;

    /// <summary>Its keys and values; null before its prompt is read.</summary>
    public ITokenSequence? Sequence { get; set; }

    /// <summary>Why it ended; null while it goes on.</summary>
    public FinishReason? Finish { get; private set; }

    /// <summary>The token to append next.</summary>
    public ReadOnlyMemory<int> Last => last;

    /// <summary>Draws a token from the logits behind the last one; returns what has become certain by it, null for nothing.</summary>
    /// <exception cref="NotFiniteNumberException">A logit is not a number, or infinite.</exception>
    public GenerationPiece? Take(ReadOnlySpan<float> logits)
    {
        int token = last[0] = sampler.Next(logits);
        if (request.LogProbs is { } top) held.Add(TokenLogProb.Read(logits, token, text.DecodedCharacters, top));
        tokens++;
        Finish = tokenizer.EndsText(token) ? FinishReason.Eos : tokens >= request.MaxTokens ? FinishReason.Length : null;
        string piece = text.Append(token, isLast: Finish is not null);
        shownCharacters += ContinuedText.Characters(piece);
        if (text.IsStopped) Finish = FinishReason.Stop;
        // A token is told of along with its text: of those that make up a stop string nothing is.
        int told = Finish is null or FinishReason.Stop ? held.TakeWhile(t => t.Offset < shownCharacters || (t.Offset == shownCharacters && HasNoText(t.Token))).Count() : held.Count;
        TokenLogProb[] logProbs = [.. held.Take(told)];
        held.RemoveRange(0, told);
        return piece.Length == 0 && told == 0 && Finish is null ? null : new(number, piece, logProbs, tokens, Finish);
    }

    /// <summary>Ends a continuation that was to have no tokens.</summary>
    public GenerationPiece End()
    {
        Finish = FinishReason.Length;
        return new(number, "", [], tokens, Finish);
    }

    private bool HasNoText(int token) => token >= tokenizer.VocabSize || tokenizer.Bytes(token).IsEmpty;

    /// <summary>Frees keys and values.</summary>
    public void Dispose()
    {
        Sequence?.Dispose();
        Sequence = null;
    }
}
