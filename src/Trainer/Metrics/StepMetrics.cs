using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace SparkTrain.Trainer;

/// <summary>One line of metrics.jsonl: what a step was like, null where there is nothing to say (step 0 has no loss yet). docs/metrics.md lists units and meanings.</summary>
public sealed record StepMetrics
{
    /// <summary>Optimizer updates done; 0 is the state before the first.</summary>
    public required long Step { get; init; }

    /// <summary>Tokens trained on since the beginning of the run.</summary>
    public required long Tokens { get; init; }

    /// <summary>Cross-entropy of the step's targets, in nats per token.</summary>
    public double? Loss { get; init; }

    /// <summary>Cross-entropy of the step's targets, in bits per byte of text.</summary>
    public double? BitsPerByte { get; init; }

    /// <summary>Learning rate of the update.</summary>
    public double? Lr { get; init; }

    /// <summary>Global L2 norm of the mean gradient, before clipping.</summary>
    public double? GradNorm { get; init; }

    /// <summary>Tokens of the step over its wall time, all ranks.</summary>
    public double? TokensPerSecond { get; init; }

    /// <summary>Executed model FLOPs over the peak rate.</summary>
    public double? Mfu { get; init; }

    /// <summary>The peak rate of all ranks in 10¹² FLOPs a second: Logging.PeakTeraflops of each, or what the model's own matrix products reached at start.</summary>
    public double? PeakTeraflops { get; init; }

    /// <summary>Wall time of the step.</summary>
    public double? StepSeconds { get; init; }

    /// <summary>Share of the step that waited for data.</summary>
    public double? DataWaitFraction { get; init; }

    /// <summary>Share of the step in which this rank waited for other ranks; 0 for a single one.</summary>
    public double? CommunicationFraction { get; init; }

    /// <summary>Share of non-zero FFN units, mean over layers.</summary>
    public double? FfnActiveFraction { get; init; }

    /// <summary>The same for each layer.</summary>
    public IReadOnlyList<double>? FfnActiveFractionByLayer { get; init; }

    /// <summary>Keys kept per query, mean over layers.</summary>
    public double? AttentionKept { get; init; }

    /// <summary>The same for each layer.</summary>
    public IReadOnlyList<double>? AttentionKeptByLayer { get; init; }

    /// <summary>FLOPs of a token's forward pass as training executes it, a mean over the sequence.</summary>
    public double? FlopsExecutedPerToken { get; init; }

    /// <summary>The same for the backward pass, without what is computed anew.</summary>
    public double? FlopsExecutedBackwardPerToken { get; init; }

    /// <summary>FLOPs of a token's forward pass that the masks leave, at the sparsity of the step: what a sparse decoder needs.</summary>
    public double? FlopsUsefulPerToken { get; init; }

    /// <summary>What a look at single scores has found; on every Sparsity.AuditEverySteps-th step only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SparsityMetrics? SparsityAudit { get; init; }

    /// <summary>Tokens that each dataset has given since the beginning of the run; only where several are mixed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, long>? SourceTokens { get; init; }

    /// <summary>How often each dataset has been read through; only where several are mixed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, double>? SourceEpochs { get; init; }

    /// <summary>Cross-entropy on the validation split, in nats per token; on validation steps only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? ValLoss { get; init; }

    /// <summary>Cross-entropy on the validation split, in bits per byte of text; on validation steps only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? ValBitsPerByte { get; init; }

    /// <summary>Cross-entropy on the validation split of each dataset, in nats per token; on validation steps, where several are mixed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, double>? ValLossBySource { get; init; }

    internal static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>Returns the numbers under their names in metrics.jsonl.</summary>
    public JsonObject ToJson() => (JsonObject)JsonSerializer.SerializeToNode(this, Json)!;

    /// <summary>Reads metrics.jsonl; a line that is half written is none.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IReadOnlyList<StepMetrics> Read(string path) => [.. StepLines<StepMetrics>.Read(path, Json)];
}
