using System.Text.Json;
using System.Text.Json.Serialization;
using SparkTrain.Checkpoints;
using SparkTrain.ModelFormat;

namespace SparkTrain.Trainer;

/// <summary>What a run was and what came of it, from its logged steps; report.json of its folder, and the contents of report.md. Null where nothing was logged.</summary>
public sealed record RunReport
{
    /// <summary>The run's name.</summary>
    public required string Run { get; init; }

    /// <summary>How it ended.</summary>
    public required RunStatus Status { get; init; }

    /// <summary>What ended it, where that was an error.</summary>
    public string? Problem { get; init; }

    /// <summary>Optimizer updates done.</summary>
    public required long Step { get; init; }

    /// <summary>Optimizer updates that it was to do.</summary>
    public required long Steps { get; init; }

    /// <summary>Tokens trained on.</summary>
    public required long Tokens { get; init; }

    /// <summary>Parameters of the model.</summary>
    public required long Parameters { get; init; }

    /// <summary>Ranks of the last start.</summary>
    public required int Ranks { get; init; }

    /// <summary>Seconds of training, all starts, without validation and saving.</summary>
    public required double TrainingSeconds { get; init; }

    /// <summary>Loss of the last logged step, in nats per token.</summary>
    public double? Loss { get; init; }

    /// <summary>The last validation loss, in nats per token.</summary>
    public double? ValLoss { get; init; }

    /// <summary>The same in bits per byte.</summary>
    public double? ValBitsPerByte { get; init; }

    /// <summary>The lowest validation loss, and its step.</summary>
    public BestValidation? Best { get; init; }

    /// <summary>Tokens a second: the median of the logged steps.</summary>
    public double? TokensPerSecond { get; init; }

    /// <summary>MFU: the median of the logged steps.</summary>
    public double? Mfu { get; init; }

    /// <summary>Share of non-zero FFN units of the last logged step, by layer.</summary>
    public IReadOnlyList<double> FfnActiveFractionByLayer { get; init; } = [];

    /// <summary>Keys kept a query of the last logged step, by layer.</summary>
    public IReadOnlyList<double> AttentionKeptByLayer { get; init; } = [];

    /// <summary>Loss by step, at most so many as a chart has room for: the first, the last and evenly spread ones between.</summary>
    public IReadOnlyList<LossAtStep> Losses { get; init; } = [];

    /// <summary>Sums up a run.</summary>
    public static RunReport Of(TrainConfig config, RunStatus status, string? problem, TrainProgress progress, int ranks, IReadOnlyList<StepMetrics> logged)
    {
        var trained = logged.Where(m => m.Loss is not null).ToArray();
        var validated = logged.Where(m => m.ValLoss is not null).ToArray();
        var (last, lastValidated, best) = (trained.LastOrDefault(), validated.LastOrDefault(), validated.Where(m => double.IsFinite(m.ValLoss!.Value)).MinBy(m => m.ValLoss));
        return new()
        {
            Run = config.Run.Name,
            Status = status,
            Problem = problem,
            Step = progress.Step,
            Steps = config.Training.Steps,
            Tokens = progress.Tokens,
            Parameters = ParameterCount.Of(config.Model).Total,
            Ranks = ranks,
            TrainingSeconds = progress.Seconds,
            Loss = last?.Loss,
            ValLoss = lastValidated?.ValLoss,
            ValBitsPerByte = lastValidated?.ValBitsPerByte,
            Best = best is null ? null : new(best.Step, best.ValLoss!.Value),
            TokensPerSecond = Median(trained.Select(m => m.TokensPerSecond)),
            Mfu = Median(trained.Select(m => m.Mfu)),
            FfnActiveFractionByLayer = trained.LastOrDefault(m => m.FfnActiveFractionByLayer is not null)?.FfnActiveFractionByLayer ?? [],
            AttentionKeptByLayer = trained.LastOrDefault(m => m.AttentionKeptByLayer is not null)?.AttentionKeptByLayer ?? [],
            Losses = [.. Spread(trained, 40).Select(m => new LossAtStep(m.Step, m.Loss!.Value))],
        };
    }

    /// <summary>Writes report.json and report.md into a run's folder.</summary>
    /// <exception cref="CheckpointException">The folder cannot be written.</exception>
    public void Write(RunFolder folder) => folder.Write(() =>
    {
        File.WriteAllText(folder.Report, JsonSerializer.Serialize(this, Json) + "\n");
        File.WriteAllText(folder.ReportText, ReportText.Of(this));
    });

    internal static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    private static double? Median(IEnumerable<double?> values)
    {
        double[] sorted = [.. values.OfType<double>().Where(double.IsFinite).Order()];
        return sorted.Length == 0 ? null : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static IEnumerable<StepMetrics> Spread(StepMetrics[] steps, int most) =>
        steps.Length <= most ? steps : Enumerable.Range(0, most).Select(i => steps[(int)((long)i * (steps.Length - 1) / (most - 1))]);
}

/// <summary>The lowest validation loss of a run.</summary>
/// <param name="Step">Its step.</param>
/// <param name="ValLoss">In nats per token.</param>
public sealed record BestValidation(long Step, double ValLoss);

/// <summary>A point of a run's curve.</summary>
/// <param name="Step">The step.</param>
/// <param name="Loss">In nats per token.</param>
public sealed record LossAtStep(long Step, double Loss);
