using System.ComponentModel.DataAnnotations;
using SparkTrain.Model;
using SparkTrain.ModelFormat;

namespace SparkTrain.Trainer;

/// <summary>How sparse the model is over the steps, how closely that is looked at, and when somebody is told.</summary>
public sealed record SparsityConfig : IValidatableObject
{
    /// <summary>Steps at the beginning in which nothing is dropped: all neurons are active, all visible keys kept.</summary>
    [Range(0, 1_000_000_000)]
    public long DenseSteps { get; init; }

    /// <summary>Steps after those over which k falls to the configured one, by an equal factor each; 0 falls at once.</summary>
    [Range(0, 1_000_000_000)]
    public long RampSteps { get; init; }

    /// <summary>Share of the neurons that the ramp begins with. At one half the threshold is the scores' mean, so that the step from dense is smallest.</summary>
    [Range(0.01, 0.99)]
    public double RampFrom { get; init; } = 0.5;

    /// <summary>Steps between looks at single scores and neurons (recall, moments, dead neurons); 0 never looks.</summary>
    [Range(0, 1_000_000_000)]
    public long AuditEverySteps { get; init; } = 100;

    /// <summary>Samples of such a look, the first of the step's.</summary>
    [Range(1, 4096)]
    public int AuditSamples { get; init; } = 2;

    /// <summary>Tokens of each of these samples whose scores are looked at, spread evenly.</summary>
    [Range(1, 65_536)]
    public int AuditPositions { get; init; } = 64;

    /// <summary>Looks over which a neuron that was never active counts as dead, and one that always was as always active.</summary>
    [Range(1, 10_000)]
    public int Window { get; init; } = 10;

    /// <summary>Warns where a layer's active fraction differs from its target by more than this share of it; null never does.</summary>
    [Range(0.0, 1e6)]
    public double? MaxDrift { get; init; } = 0.5;

    /// <summary>Warns where more than this share of a layer's neurons is dead; null never does.</summary>
    [Range(0.0, 1.0)]
    public double? MaxDeadFraction { get; init; } = 0.5;

    /// <summary>Warns where a layer's predictor finds less than this share of the neurons or keys that would weigh most; null never does.</summary>
    [Range(0.0, 1.0)]
    public double? MinPredictorRecall { get; init; }

    /// <summary>Looks in a row that must be beyond a limit before it counts.</summary>
    [Range(1, 10_000)]
    public int Patience { get; init; } = 3;

    /// <summary>True stops the run (exit code 16) where it would warn.</summary>
    public bool StopOnAlarm { get; init; }

    /// <summary>Rules that span several keys.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (StopOnAlarm && AuditEverySteps == 0)
            yield return new("is true; nothing is looked at with AuditEverySteps = 0.", [nameof(StopOnAlarm)]);
    }

    /// <summary>Sets how sparse the model is in step <paramref name="step"/>, counted from 1: a function of the step alone.</summary>
    /// <param name="level">What to set.</param>
    /// <param name="step">The step.</param>
    /// <param name="model">The model, whose k is the target.</param>
    /// <param name="seqLen">Keys that a query sees at most, where the ramp of the keys begins.</param>
    public void SetLevel(SparsityLevel level, long step, ModelConfig model, int seqLen)
    {
        double done = step <= DenseSteps ? 0 : step > DenseSteps + RampSteps ? 1 : (double)(step - DenseSteps) / (RampSteps + 1);
        double target = model.Ffn.HasTopk() ? (double)model.Ffn.Active / model.Ffn.DFf : RampFrom;
        level.FfnFraction = done == 1 ? null : step <= DenseSteps ? 1 : Between(RampFrom, target, done);
        level.AttentionKeys = done == 1 ? null : step <= DenseSteps ? seqLen : (int)Math.Round(Between(seqLen, Math.Max(1, model.Attention.Active), done));
    }

    private static double Between(double from, double to, double share) => to >= from ? to : from * Math.Pow(to / from, share);
}
