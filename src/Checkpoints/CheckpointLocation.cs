using SparkTrain.Input;

namespace SparkTrain.Checkpoints;

/// <summary>The checkpoints that a path names: a run's folder, its <c>checkpoints/</c>, or one checkpoint.</summary>
/// <param name="Path">The path as it was given.</param>
/// <param name="Checkpoint">The checkpoint, where the path names one.</param>
/// <param name="Store">The checkpoints folder.</param>
public sealed record CheckpointLocation(string Path, string? Checkpoint, CheckpointStore Store)
{
    /// <summary>The run's folder.</summary>
    public string Run => System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Store.Folder)) ?? Store.Folder;

    /// <summary>Where the run keeps its tokenizer.</summary>
    public string Tokenizer => System.IO.Path.Combine(Run, "tokenizer");

    /// <summary>The run's logged steps.</summary>
    public string MetricsFile => System.IO.Path.Combine(Run, "metrics.jsonl");

    /// <summary>Finds out what a folder is; null where it holds no checkpoints.</summary>
    /// <exception cref="CheckpointException">There is no such folder.</exception>
    public static CheckpointLocation? Find(string path)
    {
        if (!Directory.Exists(path))
            throw new CheckpointException(path, File.Exists(path) ? "it is a file" : "there is no such folder", "a run's folder, its checkpoints/, or one checkpoint", "check the path");
        string full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path)), inRun = System.IO.Path.Combine(path, "checkpoints");
        if (CheckpointStore.StepIn(full) is not null || CheckpointStore.IsComplete(full) || File.Exists(System.IO.Path.Combine(full, CheckpointManifest.FileName)))
            return new(path, System.IO.Path.TrimEndingDirectorySeparator(path), new(System.IO.Path.GetDirectoryName(full) ?? full));
        if (Directory.Exists(inRun)) return new(path, null, new(inRun));
        return new CheckpointStore(path) is var store && store.All().Any() ? new(path, null, store) : null;
    }

    /// <summary>Looks at all checkpoints, newest first.</summary>
    /// <exception cref="CheckpointException">There is none, or they cannot be read.</exception>
    public IReadOnlyList<CheckpointEntry> Entries()
    {
        try
        {
            CheckpointEntry[] entries = [.. (Checkpoint is null ? Store.All() : [Checkpoint]).Select(CheckpointEntry.Read).OfType<CheckpointEntry>()
                .OrderByDescending(entry => entry.Step).ThenBy(entry => entry.Folder, StringComparer.Ordinal)];
            return entries.Length > 0 ? entries : throw None();
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            throw new CheckpointException(Path, $"it cannot be read ({e.Reason()})", "a folder that this user may read", "check its permissions", e);
        }
    }

    /// <summary>Chooses the checkpoint to use and verifies it: the one that is named, or the newest that is good.</summary>
    /// <param name="step">The step of the one to use; null for the newest.</param>
    /// <param name="skipped">Receives what is wrong with newer ones.</param>
    /// <exception cref="CheckpointException">There is none that is good.</exception>
    public (string Checkpoint, CheckpointManifest Manifest) Choose(long? step, Action<CheckpointException> skipped)
    {
        if (Checkpoint is not null) return (Checkpoint, CheckpointVerification.Verify(Checkpoint));
        if (step is { } wanted)
        {
            string path = Store.PathOf(wanted);
            return Directory.Exists(path) ? (path, CheckpointVerification.Verify(path))
                : throw new CheckpointException(Store.Folder, $"there is no checkpoint of step {wanted}", $"one of {string.Join(", ", Store.Complete().Select(CheckpointStore.StepOf))}", "choose one of these steps");
        }
        List<CheckpointException> bad = [];
        foreach (string each in Store.Complete())
            try
            {
                return (each, CheckpointVerification.Verify(each));
            }
            catch (CheckpointException e)
            {
                skipped(e);
                bad.Add(e);
            }
        if (bad.Count == 0) throw None();
        throw new CheckpointException(Store.Folder, $"none of the {bad.Count} checkpoints is good:\n    {string.Join("\n    ", bad.Select(e => $"{e.Where}: {e.Found}"))}", "at least one whole checkpoint", "restore one from a backup");
    }

    private CheckpointException None() => new(Store.Folder, "there is no checkpoint", "at least one", "wait for the run's first, or check the path");
}
