namespace SparkTrain.Trainer;

/// <summary>Where a run, or its last part, was computed, and by what.</summary>
public sealed record RunOrigin
{
    /// <summary>The arguments behind the launcher's name.</summary>
    public required string Command { get; init; }

    /// <summary>The folder that the command was given in.</summary>
    public required string Folder { get; init; }

    /// <summary>Version of SparkTrain.</summary>
    public required string Version { get; init; }

    /// <summary>Commit of the working tree that the command was given in; null where there is none.</summary>
    public string? Commit { get; init; }

    /// <summary>Name of rank 0's machine.</summary>
    public required string Host { get; init; }

    /// <summary>Its processor.</summary>
    public required string Processor { get; init; }

    /// <summary>Cores that rank 0 may use.</summary>
    public required int Cores { get; init; }

    /// <summary>Bytes of memory that it may use.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Operating system and runtime.</summary>
    public required string System { get; init; }

    /// <summary>Processes that trained together.</summary>
    public required int Ranks { get; init; }

    /// <summary>Fingerprint of the data.</summary>
    public required string DataFingerprint { get; init; }
}
