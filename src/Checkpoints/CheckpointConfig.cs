using System.ComponentModel.DataAnnotations;

namespace SparkTrain.Checkpoints;

/// <summary>When checkpoints are written and which of them stay.</summary>
public sealed record CheckpointConfig
{
    /// <summary>Steps between checkpoints; the last step is always saved. Where the disk is still busy with the one before, the next is saved as soon as it is free.</summary>
    [Range(1, 1_000_000_000)]
    public long EverySteps { get; init; } = 500;

    /// <summary>True writes while training goes on, from a copy of the state in memory (12 bytes a parameter, divided among the ranks); false stops training meanwhile.</summary>
    public bool Asynchronous { get; init; } = true;

    /// <summary>True reads every file back from the disk and compares its hash before the checkpoint counts.</summary>
    public bool ReadBack { get; init; } = true;

    /// <summary>Newest checkpoints that stay; others are deleted after a new one is complete.</summary>
    [Range(1, 1_000_000)]
    public int KeepLast { get; init; } = 3;

    /// <summary>Of every so many steps the first checkpoint stays for good; 0 keeps none for that.</summary>
    [Range(0, 1_000_000_000)]
    public long KeepEverySteps { get; init; }

    /// <summary>Checkpoints of the lowest validation loss that stay.</summary>
    [Range(0, 1_000_000)]
    public int KeepBest { get; init; } = 1;
}
