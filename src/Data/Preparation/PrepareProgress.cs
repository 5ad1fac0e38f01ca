namespace SparkTrain.Data;

/// <summary>What prepare is doing.</summary>
public enum PreparePhase
{
    /// <summary>Reading documents to train the tokenizer on.</summary>
    Sampling,

    /// <summary>Training the tokenizer.</summary>
    TrainingTokenizer,

    /// <summary>Going on after the shards that an interrupted run has finished; reported once, before <see cref="Tokenizing"/>.</summary>
    GoingOn,

    /// <summary>Turning documents into tokens and writing shards.</summary>
    Tokenizing,
}

/// <summary>How far prepare has come.</summary>
/// <param name="Phase">What it is doing.</param>
/// <param name="Documents">Documents finished in this phase.</param>
/// <param name="TextBytes">UTF-8 bytes of their text.</param>
/// <param name="Tokens">Tokens written, begin and end tokens included.</param>
/// <param name="Shards">Shards that are finished and on the disk, of both splits.</param>
/// <param name="Read">Share of the source files' bytes that has been read in this phase, file by file.</param>
public readonly record struct PrepareProgress(PreparePhase Phase, long Documents, long TextBytes, long Tokens, int Shards, double Read);

/// <summary>What prepare made.</summary>
/// <param name="Manifest">The content of dataset.json.</param>
/// <param name="WasUpToDate">True where the folder held a data set of the same inputs already and nothing was done.</param>
public sealed record PrepareResult(DatasetManifest Manifest, bool WasUpToDate)
{
    /// <summary>What was read, by kind of file; empty where nothing was done.</summary>
    public IReadOnlyList<KindTally> Read { get; init; } = [];

    /// <summary>Files of folders that were not read, by reason.</summary>
    public IReadOnlyList<LeftOutTally> LeftOut { get; init; } = [];

    /// <summary>A file that holds a document which is no valid UTF-8; null where there is none, or where it was read before an interruption.</summary>
    public string? FirstInvalid { get; init; }
}

/// <summary>Files of one kind.</summary>
/// <param name="Kind">Its name, for example JSON lines.</param>
/// <param name="Files">Number of files.</param>
/// <param name="Documents">Number of documents that came from them in this run.</param>
public sealed record KindTally(string Kind, int Files, long Documents);

/// <summary>Files that were not read.</summary>
/// <param name="Why">What they are.</param>
/// <param name="Files">Number of files.</param>
/// <param name="First">One of them.</param>
public sealed record LeftOutTally(string Why, int Files, string First);
