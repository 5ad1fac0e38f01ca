using System.ComponentModel.DataAnnotations;

namespace SparkTrain.Data;

/// <summary>The data that a run reads.</summary>
public sealed record DataConfig
{
    /// <summary>Folder of the data set that `prepare` wrote, relative to the working directory.</summary>
    [Required(AllowEmptyStrings = false)]
    public required string Folder { get; init; }

    /// <summary>True keeps attention inside each document; false treats every sample as one document.</summary>
    public bool MaskDocuments { get; init; } = true;

    /// <summary>Batches that are read ahead while the step computes.</summary>
    [Range(1, 1024)]
    public int PrefetchBatches { get; init; } = 4;

    /// <summary>Memory for decoded row groups of each rank, in MiB; shuffling reads each row group about once from 64 upwards.</summary>
    [Range(1, 1_048_576)]
    public int CacheMegabytes { get; init; } = 128;

    /// <summary>Opens the data set. Throws <see cref="DataException"/> where it cannot be used.</summary>
    public TokenDataset Open() => TokenDataset.Open(Folder, (long)CacheMegabytes << 20);
}
