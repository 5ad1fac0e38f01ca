using System.ComponentModel.DataAnnotations;

namespace SparkTrain.Trainer;

/// <summary>The form of the learning rate after warm-up.</summary>
public enum LrScheduleKind
{
    /// <summary>Half a cosine from Lr down to MinLrFactor·Lr at the last step.</summary>
    Cosine,

    /// <summary>Lr until DecaySteps before the end, then a straight line down to MinLrFactor·Lr (warm-up, stable, decay).</summary>
    WarmupStableDecay,
}

/// <summary>The learning rate over the steps.</summary>
public sealed record LrScheduleConfig : IValidatableObject
{
    /// <summary>Form after warm-up: Cosine or WarmupStableDecay.</summary>
    public LrScheduleKind Kind { get; init; } = LrScheduleKind.Cosine;

    /// <summary>The highest learning rate.</summary>
    [Range(1e-12, 100.0)]
    public required double Lr { get; init; }

    /// <summary>The last learning rate as a share of Lr.</summary>
    [Range(0.0, 1.0)]
    public double MinLrFactor { get; init; } = 0.1;

    /// <summary>Steps over which the rate rises linearly from 0 to Lr.</summary>
    [Range(0, 1_000_000_000)]
    public long WarmupSteps { get; init; }

    /// <summary>Steps of the final decay (WarmupStableDecay only).</summary>
    [Range(0, 1_000_000_000)]
    public long DecaySteps { get; init; }

    /// <summary>Rules that span several keys.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Kind == LrScheduleKind.Cosine && DecaySteps != 0)
            yield return new($"is {DecaySteps}; Kind = Cosine decays over all steps after warm-up, so leave it out.", [nameof(DecaySteps)]);
        if (Kind == LrScheduleKind.WarmupStableDecay && DecaySteps == 0)
            yield return new("is 0; Kind = WarmupStableDecay needs the number of steps of its decay.", [nameof(DecaySteps)]);
    }

    /// <summary>The learning rate of a step, counted from 1 (the first update) to <paramref name="steps"/> (the last).</summary>
    public double LrAt(long step, long steps)
    {
        if (step <= WarmupSteps) return Lr * step / WarmupSteps;
        double min = Lr * MinLrFactor;
        if (Kind == LrScheduleKind.Cosine)
        {
            double done = (double)(step - WarmupSteps) / Math.Max(1, steps - WarmupSteps);
            return min + (Lr - min) * (1 + Math.Cos(Math.PI * done)) / 2;
        }
        long left = steps - step;
        return left >= DecaySteps ? Lr : min + (Lr - min) * left / DecaySteps;
    }
}
