using System.Text.Json;

namespace SparkTrain.Trainer;

/// <summary>One line of trace.jsonl: what a step read, computed and left, exact to the bit. docs/metrics.md lists the meanings.</summary>
public sealed record StepTrace
{
    /// <summary>Optimizer updates done.</summary>
    public required long Step { get; init; }

    /// <summary>Cross-entropy of the step's targets, in nats per token.</summary>
    public required double Loss { get; init; }

    /// <summary>Global L2 norm of the mean gradient, before clipping.</summary>
    public required double GradNorm { get; init; }

    /// <summary>Global indices of the samples that the ranks were given, in the order of ranks and micro-batches.</summary>
    public required IReadOnlyList<long> Samples { get; init; }

    /// <summary>Hash of the tokens of these samples.</summary>
    public required string TokensHash { get; init; }

    /// <summary>Hash of all weights after the update.</summary>
    public required string WeightsHash { get; init; }

    /// <summary>Hash of each of the optimizer's states after the update, by its name.</summary>
    public required IReadOnlyDictionary<string, string> OptimizerHashes { get; init; }

    internal static JsonSerializerOptions Json { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true };

    /// <summary>Reads a trace; a line that is half written is none.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IReadOnlyList<StepTrace> Read(string path) => [.. StepLines<StepTrace>.Read(path, Json)];
}
