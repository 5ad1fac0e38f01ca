using System.Globalization;

namespace SparkTrain.Serving;

/// <summary>What a scheduler takes on at a time.</summary>
public sealed record SchedulerOptions
{
    /// <summary>Continuations side by side.</summary>
    public int MaxSequences { get; init; } = 16;

    /// <summary>Prompts that may wait for a place.</summary>
    public int Queue { get; init; } = 64;

    /// <summary>Tokens for whose keys and values there is room, over all continuations.</summary>
    public long CacheTokens { get; init; } = 32_768;

    /// <summary>Tokens that pass through the model in one step: one of every running continuation, and pieces of prompts in the room that is left, which is at least a quarter of it.</summary>
    public int StepTokens { get; init; } = 128;

    /// <summary>Seconds after which a job ends whose pieces nobody takes.</summary>
    public int ReaderSeconds { get; init; } = 30;

    /// <summary>Returns the first option that is out of range, its value and what it may be; null where all are in range.</summary>
    public (string Option, object Found, string Expected)? FirstOutOfRange() =>
        MaxSequences is < 1 or > 4096 ? (nameof(MaxSequences), MaxSequences, "from 1 to 4096")
        : Queue is < 1 or > 65_536 ? (nameof(Queue), Queue, "from 1 to 65536")
        : CacheTokens < 1 ? (nameof(CacheTokens), CacheTokens, "1 or more")
        : StepTokens < 1 ? (nameof(StepTokens), StepTokens, "1 or more")
        : ReaderSeconds < 1 ? (nameof(ReaderSeconds), ReaderSeconds, "1 or more")
        : null;

    /// <summary>Returns why a prompt could never be given a place; null where it can.</summary>
    public string? Problem(GenerationRequest request) =>
        request.Choices > MaxSequences ? string.Create(CultureInfo.InvariantCulture, $"{request.Choices} continuations of a prompt; this server runs at most {MaxSequences} side by side")
        : request.CacheTokens > CacheTokens ? string.Create(CultureInfo.InvariantCulture, $"{request.Choices} × {request.TokensOfAChoice} tokens of prompt and continuation; this server has room for {CacheTokens}")
        : null;
}
