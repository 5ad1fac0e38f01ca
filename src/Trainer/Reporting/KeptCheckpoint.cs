using SparkTrain.Checkpoints;

namespace SparkTrain.Trainer;

/// <summary>A checkpoint that a run has left.</summary>
/// <param name="Name">Its folder in checkpoints/.</param>
/// <param name="Step">Optimizer updates done.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="ValLoss">Its validation loss, in nats per token; null where it was not validated.</param>
public sealed record KeptCheckpoint(string Name, long Step, long Bytes, double? ValLoss)
{
    /// <summary>Lists the complete checkpoints of a run, the newest first.</summary>
    public static IReadOnlyList<KeptCheckpoint> In(RunFolder folder, IReadOnlyList<StepMetrics> logged)
    {
        var valLosses = logged.Where(m => m.ValLoss is not null).ToLookup(m => m.Step, m => m.ValLoss);
        return [.. new CheckpointStore(folder.Checkpoints).Complete().Select(path => (Path: path, Step: CheckpointStore.StepOf(path)))
            .Select(found => new KeptCheckpoint(Path.GetFileName(found.Path), found.Step, new DirectoryInfo(found.Path).EnumerateFiles().Sum(file => file.Length), valLosses[found.Step].LastOrDefault()))];
    }
}
