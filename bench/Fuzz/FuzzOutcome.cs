namespace SparkTrain.Bench;

/// <summary>What came of an input.</summary>
/// <param name="Problem">What is wrong, for people; empty where it was read.</param>
/// <param name="Signature">The same for all findings of one cause; null where nothing was found.</param>
internal sealed record FuzzOutcome(string Problem, string? Signature)
{
    /// <summary>It was read.</summary>
    public static FuzzOutcome Whole { get; } = new("", null);

    /// <summary>True for what must not be.</summary>
    public bool IsFound => Signature is not null;

    /// <summary>True for what was read.</summary>
    public bool IsRead => Problem.Length == 0;

    /// <summary>Bytes that were allocated.</summary>
    public long Bytes { get; init; }

    /// <summary>It was refused, in words for the user.</summary>
    public static FuzzOutcome Refused(string why) => new(why, null);

    /// <summary>It was answered by something else.</summary>
    public static FuzzOutcome Found(string problem, string signature) => new(problem, signature);
}

/// <summary>A line that a child tells.</summary>
/// <param name="Seed">The seed; below 0 for an undamaged input.</param>
/// <param name="Outcome">What came of it.</param>
internal sealed record FuzzLine(int Seed, FuzzOutcome Outcome)
{
    /// <summary>True for an input that must be read.</summary>
    public bool IsWhole { get; init; }
}
