using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using SparkTrain.Checkpoints;
using SparkTrain.ModelFormat;
using SparkTrain.Telemetry;

namespace SparkTrain.Trainer;

/// <summary>What a run was and what came of it; report.json of its folder, and the contents of report.md. Null where nothing was logged.</summary>
public sealed record RunReport
{
    // The newest ones; the journal has all.
    private const int MostWarnings = 100;

    /// <summary>The run's name.</summary>
    public required string Run { get; init; }

    /// <summary>How it ended.</summary>
    public required RunStatus Status { get; init; }

    /// <summary>What ended it, where that was an error.</summary>
    public string? Problem { get; init; }

    /// <summary>When it ended, UTC.</summary>
    public required DateTime Ended { get; init; }

    /// <summary>Where it was computed, and by what.</summary>
    public required RunOrigin Origin { get; init; }

    /// <summary>Optimizer updates done.</summary>
    public required long Step { get; init; }

    /// <summary>Optimizer updates that it was to do.</summary>
    public required long Steps { get; init; }

    /// <summary>Tokens trained on.</summary>
    public required long Tokens { get; init; }

    /// <summary>Parameters of the model.</summary>
    public required long Parameters { get; init; }

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

    /// <summary>The rate that MFU is a share of, in 10¹² FLOPs a second over all ranks: that of the last start.</summary>
    public double? PeakTeraflops { get; init; }

    /// <summary>Sparsity of the last logged step, by layer.</summary>
    public IReadOnlyList<LayerSparsity> Layers { get; init; } = [];

    /// <summary>Warnings and errors that were logged, all starts.</summary>
    public int WarningCount { get; init; }

    /// <summary>The newest of them.</summary>
    public IReadOnlyList<LoggedWarning> Warnings { get; init; } = [];

    /// <summary>Files that guards have left in crash/.</summary>
    public IReadOnlyList<string> Crash { get; init; } = [];

    /// <summary>The complete checkpoints, the newest first.</summary>
    public IReadOnlyList<KeptCheckpoint> Checkpoints { get; init; } = [];

    /// <summary>What the model wrote last, a text for each prompt.</summary>
    public IReadOnlyList<GeneratedText> Generated { get; init; } = [];

    /// <summary>The configuration, defaults included.</summary>
    public required JsonObject Config { get; init; }

    /// <summary>Sums up a run from what is in its folder.</summary>
    /// <exception cref="CheckpointException">The folder cannot be read.</exception>
    public static RunReport Of(TrainConfig config, RunOrigin origin, RunStatus status, string? problem, TrainProgress progress, RunFolder folder, DateTime ended)
    {
        var logged = MetricsFile.Read(folder.MetricsFile);
        var trained = logged.Where(m => m.Loss is not null).ToArray();
        var validated = logged.Where(m => m.ValLoss is not null).ToArray();
        var warnings = folder.Read(() => LoggedWarning.Read(folder.Events).ToArray());
        var best = validated.Where(m => double.IsFinite(m.ValLoss!.Value)).MinBy(m => m.ValLoss);
        return new()
        {
            Run = config.Run.Name,
            Status = status,
            Problem = problem,
            Ended = ended,
            Origin = origin,
            Step = progress.Step,
            Steps = config.Training.Steps,
            Tokens = progress.Tokens,
            Parameters = ParameterCount.Of(config.Model).Total,
            TrainingSeconds = progress.Seconds,
            Loss = trained.LastOrDefault()?.Loss,
            ValLoss = validated.LastOrDefault()?.ValLoss,
            ValBitsPerByte = validated.LastOrDefault()?.ValBitsPerByte,
            Best = best is null ? null : new(best.Step, best.ValLoss!.Value),
            TokensPerSecond = Median(trained.Select(m => m.TokensPerSecond)),
            Mfu = Median(trained.Select(m => m.Mfu)),
            PeakTeraflops = trained.LastOrDefault(m => m.PeakTeraflops is not null)?.PeakTeraflops,
            Layers = LayerSparsity.Of(config.Model, logged.LastOrDefault(m => m.FfnActiveFractionByLayer is not null)),
            WarningCount = warnings.Length,
            Warnings = warnings[^Math.Min(MostWarnings, warnings.Length)..],
            Crash = folder.Read(() => Directory.Exists(folder.Crash) ? Directory.EnumerateFileSystemEntries(folder.Crash).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal).ToArray() : []),
            Checkpoints = folder.Read(() => KeptCheckpoint.In(folder, logged)),
            Generated = GeneratedText.ReadLast(folder.GeneratedFile),
            Config = TrainState.ConfigJson(config),
            Curves = logged,
        };
    }

    /// <summary>Writes report.json, report.md and its picture, report.svg, into a run's folder.</summary>
    /// <exception cref="CheckpointException">The folder cannot be written.</exception>
    public void Write(RunFolder folder)
    {
        folder.WriteText(folder.Report, JsonSerializer.Serialize(this, Json) + "\n");
        folder.WriteText(folder.ReportPicture, CurvesPicture.Of(this));
        folder.WriteText(folder.ReportText, ReportText.Of(this));
    }

    /// <summary>The logged steps.</summary>
    [JsonIgnore]
    internal IReadOnlyList<StepMetrics> Curves { get; init; } = [];

    internal static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    private static double? Median(IEnumerable<double?> values)
    {
        double[] sorted = [.. values.OfType<double>().Where(double.IsFinite).Order()];
        return sorted.Length == 0 ? null : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

/// <summary>The lowest validation loss of a run.</summary>
/// <param name="Step">Its step.</param>
/// <param name="ValLoss">In nats per token.</param>
public sealed record BestValidation(long Step, double ValLoss);
