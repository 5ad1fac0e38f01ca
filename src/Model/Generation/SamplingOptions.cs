namespace SparkTrain.Model;

/// <summary>How the next token is drawn.</summary>
public sealed record SamplingOptions
{
    /// <summary>Logits are divided by this; 0 always takes the most probable token.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Only the most probable tokens that together reach this probability are drawn from (nucleus sampling); 1 draws from all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Seed of the draws.</summary>
    public int Seed { get; init; }

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Temperature is negative, or TopP not in (0, 1].</exception>
    public void Check()
    {
        if (!(Temperature >= 0 && double.IsFinite(Temperature))) throw new ArgumentOutOfRangeException(nameof(Temperature), Temperature, "must be 0 or larger");
        if (!(TopP > 0 && TopP <= 1)) throw new ArgumentOutOfRangeException(nameof(TopP), TopP, "must be larger than 0 and at most 1");
    }
}
