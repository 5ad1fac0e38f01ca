namespace SparkTrain.Generation;

/// <summary>How the next token is drawn. The options act in the order in which they stand here, each on what those before it have left.</summary>
public sealed record SamplingOptions
{
    /// <summary>Of every token that the sequence holds already, prompt included, a positive logit is divided by this and a negative one multiplied; 1 changes nothing.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Logits are divided by this; 0 always takes the most probable token, and the options below have no say.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>So many of the most probable tokens are drawn from; 0 draws from all.</summary>
    public int TopK { get; init; }

    /// <summary>The fewest most probable tokens that together reach this probability are drawn from (nucleus sampling); 1 draws from all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Tokens at least this many times as probable as the most probable one are drawn from; 0 draws from all.</summary>
    public double MinP { get; init; }

    /// <summary>Seed of the draws. The n-th draw is a function of seed and n.</summary>
    public long Seed { get; init; }

    /// <summary>Returns the first option that is out of range, its value and what it may be; null where all are in range.</summary>
    public (string Option, object Found, string Expected)? FirstOutOfRange() =>
        !(RepetitionPenalty is >= 0.01 and <= 100) ? (nameof(RepetitionPenalty), RepetitionPenalty, "from 0.01 to 100")
        : !(Temperature >= 0 && double.IsFinite(Temperature)) ? (nameof(Temperature), Temperature, "0 or more")
        : TopK < 0 ? (nameof(TopK), TopK, "0 or more")
        : !(TopP is > 0 and <= 1) ? (nameof(TopP), TopP, "more than 0 and at most 1")
        : !(MinP is >= 0 and <= 1) ? (nameof(MinP), MinP, "from 0 to 1")
        : null;
}
