using Serilog;
using SparkTrain.Checkpoints;
using SparkTrain.Distributed;

namespace SparkTrain.Trainer;

/// <summary>Finds the checkpoint that a run goes on from.</summary>
public static class Resume
{
    /// <summary>Restores the newest checkpoint whose files are as they were written; returns its folder, or null where there is none at all. All ranks call it.</summary>
    /// <exception cref="CheckpointException">There are checkpoints but none is good, or the newest good one is of another configuration or dataset.</exception>
    public static string? FromNewest(CheckpointStore store, TrainState state, TrainConfig config, string dataFingerprint, ICollectives ranks, ILogger log, bool allowNewData = false)
    {
        var candidates = Candidates(store, ranks);
        List<string> bad = [];
        foreach (string checkpoint in candidates)
        {
            var (manifest, problem) = Verify(checkpoint, ranks);
            if (ranks.FirstFailure(problem) is { } failure)
            {
                bad.Add(failure);
                continue;
            }
            RequireSameRun(checkpoint, manifest!, config, dataFingerprint, allowNewData);
            if (manifest!.DataFingerprint != dataFingerprint) log.Warning(TrainEvents.NewData, Short(dataFingerprint), Short(manifest.DataFingerprint), manifest.Progress.NextSample);
            state.Restore(checkpoint, manifest!);
            if (ranks.Rank == 0) SetAside(candidates.Take(bad.Count).Zip(bad), checkpoint, log);
            return checkpoint;
        }
        if (candidates.Length == 0) return null;
        throw new CheckpointException(store.Folder, $"none of the {candidates.Length} checkpoints is good:\n    {string.Join("\n    ", bad.Select(problem => problem.Split('\n')[0]))}", "at least one whole checkpoint",
            "restore one from a backup, or choose another Run.Name to begin anew");
    }

    // They are newer: where they stayed, they would push good ones out.
    private static void SetAside(IEnumerable<(string Checkpoint, string Problem)> bad, string used, ILogger log)
    {
        foreach (var (checkpoint, problem) in bad) log.Warning(TrainEvents.CheckpointSkipped, problem.Split('\n')[0], Path.GetFileName(CheckpointStore.SetAside(checkpoint)), Path.GetFileName(used));
    }

    // As rank 0 sees them: on a network disk others may see them later.
    private static string[] Candidates(CheckpointStore store, ICollectives ranks)
    {
        var mine = ranks.Rank == 0 ? store.Complete() : [];
        double[] count = [mine.Count];
        ranks.AllReduceSum(count);
        var steps = new double[(int)count[0]];
        for (int i = 0; i < mine.Count; i++) steps[i] = CheckpointStore.StepOf(mine[i]);
        ranks.AllReduceSum(steps);
        return [.. steps.Select(step => store.PathOf((long)step))];
    }

    private static (CheckpointManifest?, string?) Verify(string checkpoint, ICollectives ranks)
    {
        try
        {
            return (CheckpointVerification.Verify(checkpoint, ranks.Rank, ranks.WorldSize), null);
        }
        catch (CheckpointException e)
        {
            return (null, e.Message);
        }
    }

    private static void RequireSameRun(string checkpoint, CheckpointManifest manifest, TrainConfig config, string dataFingerprint, bool allowNewData)
    {
        var problems = ConfigChange.Forbidden(manifest.Config, TrainState.ConfigJson(config), allowNewData).ToList();
        if (!allowNewData && manifest.DataFingerprint != dataFingerprint)
            problems.Add($"the data have fingerprint {Short(dataFingerprint)}, the checkpoint {Short(manifest.DataFingerprint)}");
        if (manifest.Progress.Step > config.Training.Steps)
            problems.Add($"Training.Steps is {config.Training.Steps}, the checkpoint is at step {manifest.Progress.Step}");
        if (problems.Count > 0)
            throw new CheckpointException(checkpoint, $"the checkpoint is of another run:\n    {string.Join("\n    ", problems)}", "the configuration and data that it was trained with",
                "restore them, or choose another Run.Name to begin anew; --allow-new-data goes on with other data on purpose");
    }

    private static string Short(string fingerprint) => fingerprint.Length > 12 ? fingerprint[..12] + "…" : fingerprint;
}
