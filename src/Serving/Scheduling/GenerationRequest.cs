using SparkTrain.Generation;

namespace SparkTrain.Serving;

/// <summary>A prompt, and how it is to be continued.</summary>
public sealed record GenerationRequest
{
    /// <summary>What is continued, at least one token.</summary>
    public required int[] Prompt { get; init; }

    /// <summary>Tokens to generate at most; 0 reads the prompt only.</summary>
    public int MaxTokens { get; init; } = 16;

    /// <summary>Independent continuations. The n-th, counted from 0, has the seed plus n.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>How tokens are drawn.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>A text ends before the first of these.</summary>
    public IReadOnlyList<string> Stops { get; init; } = [];

    /// <summary>Says the log-probability of every generated token, and of so many most probable ones in its place; null says none.</summary>
    public int? LogProbs { get; init; }

    /// <summary>Says log-probabilities of the prompt's tokens too.</summary>
    public bool ScoresPrompt { get; init; }

    /// <summary>Tokens whose keys and values one continuation holds at most: the last token's are never needed.</summary>
    public int TokensOfAChoice => Prompt.Length + Math.Max(MaxTokens, 1) - 1;

    /// <summary>Tokens whose keys and values all continuations together hold at most.</summary>
    public long CacheTokens => (long)Choices * TokensOfAChoice;
}
