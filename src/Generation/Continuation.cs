namespace SparkTrain.Generation;

/// <summary>A prompt and the tokens that follow it so far.</summary>
/// <param name="prompt">At least one token.</param>
/// <param name="maxTokens">Tokens to generate at most, at least one.</param>
/// <param name="sampling">How they are drawn.</param>
public sealed class Continuation(IReadOnlyList<int> prompt, int maxTokens, SamplingOptions sampling)
{
    private readonly List<int> tokens = [];

    /// <summary>What is continued.</summary>
    public IReadOnlyList<int> Prompt { get; } = prompt;

    /// <summary>Tokens to generate at most.</summary>
    public int MaxTokens { get; } = maxTokens;

    /// <summary>How they are drawn.</summary>
    public SamplingOptions Sampling { get; } = sampling;

    /// <summary>What was generated, the token that ended it included.</summary>
    public IReadOnlyList<int> Tokens => tokens;

    /// <summary>Why it ended; null while it goes on.</summary>
    public FinishReason? Finish { get; private set; }

    /// <summary>Asks for no more tokens.</summary>
    public void Stop() => Finish = FinishReason.Stop;

    internal void Add(int token, bool isEnd, int most)
    {
        tokens.Add(token);
        if (isEnd) Finish = FinishReason.Eos;
        else if (tokens.Count >= most) Finish = FinishReason.Length;
    }
}
