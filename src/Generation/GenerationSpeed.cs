using System.Diagnostics;

namespace SparkTrain.Generation;

/// <summary>How many tokens passed through the model, and how long that and drawing the next ones took; what else the caller does between tokens is not counted.</summary>
public sealed class GenerationSpeed
{
    /// <summary>Tokens of prompts.</summary>
    public long PrefillTokens { get; private set; }

    /// <summary>Time for prompts, up to the first token behind each.</summary>
    public TimeSpan PrefillTime { get; private set; }

    /// <summary>Tokens behind the first one of each sequence.</summary>
    public long DecodedTokens { get; private set; }

    /// <summary>Time for those; sequences side by side share it.</summary>
    public TimeSpan DecodeTime { get; private set; }

    internal void AddPrefill(long tokens, long since) => (PrefillTokens, PrefillTime) = (PrefillTokens + tokens, PrefillTime + Stopwatch.GetElapsedTime(since));

    internal void AddDecoded(long tokens, long since) => (DecodedTokens, DecodeTime) = (DecodedTokens + tokens, DecodeTime + Stopwatch.GetElapsedTime(since));
}
