using Serilog;

namespace SparkTrain.Trainer;

/// <summary>Finds the checkpoint that a run goes on from.</summary>
public static class Resume
{
    /// <summary>Restores the newest checkpoint whose files are as they were written; returns its folder, or null where there is none at all.</summary>
    /// <exception cref="CheckpointException">There are checkpoints but none is good, or the newest good one is of another configuration or dataset.</exception>
    public static string? FromNewest(CheckpointStore store, TrainState state, TrainConfig config, string dataFingerprint, ILogger log)
    {
        var candidates = store.Complete();
        foreach (string checkpoint in candidates)
        {
            CheckpointManifest manifest;
            try
            {
                manifest = CheckpointStore.Verify(checkpoint);
            }
            catch (CheckpointException e)
            {
                log.Warning(TrainEvents.CheckpointSkipped, e.Message);
                continue;
            }
            RequireSameRun(checkpoint, manifest, config, dataFingerprint);
            state.Restore(checkpoint, manifest);
            return checkpoint;
        }
        if (candidates.Count == 0) return null;
        throw new CheckpointException(store.Folder, $"none of the {candidates.Count} checkpoints is good: {string.Join(", ", candidates.Select(Path.GetFileName))}", "at least one whole checkpoint",
            "restore one from a backup, or choose another Run.Name to begin anew");
    }

    private static void RequireSameRun(string checkpoint, CheckpointManifest manifest, TrainConfig config, string dataFingerprint)
    {
        var problems = ConfigChange.Forbidden(manifest.Config, TrainState.ConfigJson(config)).ToList();
        if (manifest.DataFingerprint != dataFingerprint)
            problems.Add($"the dataset {config.Data.Folder} has fingerprint {dataFingerprint[..12]}…, the checkpoint {manifest.DataFingerprint[..Math.Min(12, manifest.DataFingerprint.Length)]}…");
        if (manifest.Progress.Step > config.Training.Steps)
            problems.Add($"Training.Steps is {config.Training.Steps}, the checkpoint is at step {manifest.Progress.Step}");
        if (problems.Count > 0)
            throw new CheckpointException(checkpoint, $"the checkpoint is of another run:\n    {string.Join("\n    ", problems)}", "the configuration and data that it was trained with", "restore them, or choose another Run.Name to begin anew");
    }
}
