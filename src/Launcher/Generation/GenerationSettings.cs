using SparkTrain.Generation;

namespace SparkTrain.Launcher.Generation;

/// <summary>How a prompt is continued.</summary>
internal sealed record GenerationSettings
{
    /// <summary>Tokens to generate at most.</summary>
    public int MaxTokens { get; init; } = 200;

    /// <summary>The text ends before the first of these.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>How tokens are drawn.</summary>
    public SamplingOptions Sampling { get; init; } = new() { Temperature = 0.8, TopP = 0.95 };

    /// <summary>Returns the first setting that is out of range, its value and what it may be; null where all are in range.</summary>
    public (string Setting, object Found, string Expected)? FirstOutOfRange() =>
        MaxTokens < 1 ? (nameof(MaxTokens), MaxTokens, "1 or more")
        : Stop.Contains("") ? (nameof(Stop), "empty", "a text of at least one character")
        : Sampling.FirstOutOfRange();
}
