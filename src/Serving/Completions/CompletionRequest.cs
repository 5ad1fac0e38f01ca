using SparkTrain.Generation;

namespace SparkTrain.Serving;

/// <summary>What a client asks for, as it came.</summary>
internal sealed record CompletionRequest
{
    /// <summary>The model's name; null where it names none.</summary>
    public string? Model { get; init; }

    /// <summary>What is to be continued.</summary>
    public IReadOnlyList<PromptInput> Prompts { get; init; } = [];

    /// <summary>Tokens to generate at most, for each continuation.</summary>
    public int MaxTokens { get; init; } = 16;

    /// <summary>Continuations of each prompt, <c>n</c>.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>Candidates of which the best were to be returned; they must be as many as <see cref="Choices"/>.</summary>
    public int? BestOf { get; init; }

    /// <summary>Sends pieces as they come.</summary>
    public bool Stream { get; init; }

    /// <summary>Sends the numbers of tokens behind a stream's pieces; null where nothing is said of it.</summary>
    public bool? IncludeUsage { get; init; }

    /// <summary>Puts the prompt before the text.</summary>
    public bool Echo { get; init; }

    /// <summary>Says log-probabilities, and those of so many most probable tokens.</summary>
    public int? LogProbs { get; init; }

    /// <summary>A text ends before the first of these.</summary>
    public IReadOnlyList<string> Stops { get; init; } = [];

    /// <summary>How tokens are drawn.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Seed of the draws; null lets the server throw a die.</summary>
    public long? Seed { get; init; }
}

/// <summary>A prompt as a client gave it: one of the two.</summary>
/// <param name="Text">A text, which begins a document.</param>
/// <param name="Tokens">Token ids, taken as they are.</param>
internal sealed record PromptInput(string? Text, int[]? Tokens);
