using SparkTrain.ModelFormat;

namespace SparkTrain.Launcher;

/// <summary>A training run: its table of contents.</summary>
internal sealed record TrainConfig
{
    /// <summary>The shape of the model.</summary>
    public required ModelConfig Model { get; init; }
}
