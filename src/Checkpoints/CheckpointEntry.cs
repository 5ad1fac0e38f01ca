using SparkTrain.Input;

namespace SparkTrain.Checkpoints;

/// <summary>What a folder among the checkpoints of a run is.</summary>
public enum CheckpointState
{
    /// <summary>Written to its end.</summary>
    Complete,

    /// <summary>Without its end mark: being deleted, or copied in part.</summary>
    Incomplete,

    /// <summary>Being written, or left by a save that was interrupted.</summary>
    Unfinished,

    /// <summary>Found damaged when the run resumed, and taken out of the way.</summary>
    SetAside,

    /// <summary>Of a format that this version does not read.</summary>
    OtherFormat,

    /// <summary>Its manifest is not valid.</summary>
    Unreadable,
}

/// <summary>A checkpoint's folder as it lies on the disk, in whatever condition.</summary>
public sealed record CheckpointEntry
{
    /// <summary>Its path.</summary>
    public required string Folder { get; init; }

    /// <summary>What it is.</summary>
    public required CheckpointState State { get; init; }

    /// <summary>Why it is not complete; null where it is.</summary>
    public string? Reason { get; init; }

    /// <summary>The step that its manifest says, or else its name.</summary>
    public required long Step { get; init; }

    /// <summary>Bytes of its files.</summary>
    public required long Bytes { get; init; }

    /// <summary>When it was written.</summary>
    public required DateTime WrittenUtc { get; init; }

    /// <summary>Its manifest; null where that cannot be read.</summary>
    public CheckpointManifest? Manifest { get; init; }

    /// <summary>What is wrong with its bytes: nothing where they are as they were written, null where nobody has looked.</summary>
    public IReadOnlyList<CheckpointException>? Problems { get; init; }

    /// <summary>True where a run would try to resume from it.</summary>
    public bool Counts => State is not (CheckpointState.Incomplete or CheckpointState.Unfinished or CheckpointState.SetAside);

    /// <summary>Looks at a folder; reads no more than its manifest. Null where it is gone: runs rename and delete theirs.</summary>
    public static CheckpointEntry? Read(string folder)
    {
        try
        {
            string mark = Path.Combine(folder, CompleteMark.FileName);
            var (manifest, problem) = TryManifest(folder);
            var (state, reason) = Judge(folder, problem);
            return new()
            {
                Folder = folder,
                State = state,
                Reason = reason,
                Step = manifest?.Progress.Step ?? CheckpointStore.StepIn(folder) ?? 0,
                Bytes = new DirectoryInfo(folder).EnumerateFiles().Sum(file => file.Length),
                WrittenUtc = File.Exists(mark) ? File.GetLastWriteTimeUtc(mark) : Directory.GetLastWriteTimeUtc(folder),
                Manifest = manifest,
            };
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Reads all files and compares their hashes.</summary>
    public CheckpointEntry Verified() => this with { Problems = CheckpointVerification.Problems(Folder) };

    private static (CheckpointState, string?) Judge(string folder, CheckpointException? problem) => Path.GetFileName(folder) switch
    {
        var name when name.StartsWith(DurableFolder.TemporaryPrefix, StringComparison.Ordinal) => (CheckpointState.Unfinished, "being written, or left by a save that was interrupted"),
        var name when name.StartsWith(CheckpointStore.AsidePrefix, StringComparison.Ordinal) => (CheckpointState.SetAside, problem?.Found ?? "found damaged when the run resumed"),
        _ when !CheckpointStore.IsComplete(folder) => (CheckpointState.Incomplete, $"there is no {CompleteMark.FileName}"),
        _ when CheckpointManifest.FormatOf(folder) is < CheckpointManifest.OldestFormat or > CheckpointManifest.CurrentFormat => (CheckpointState.OtherFormat, problem?.Found),
        _ when problem is not null => (CheckpointState.Unreadable, problem.Found),
        _ => (CheckpointState.Complete, null),
    };

    private static (CheckpointManifest?, CheckpointException?) TryManifest(string folder)
    {
        try
        {
            return (CheckpointManifest.Read(folder), null);
        }
        catch (CheckpointException e)
        {
            return (null, e);
        }
    }
}
