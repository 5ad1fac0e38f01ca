using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SparkTrain.Checkpoints;

namespace SparkTrain.Bench;

/// <summary>Looks at what is on the disk of a run, without libtorch, whenever its processes were killed, and compares it with a run that nobody disturbed.</summary>
/// <param name="run">The run.</param>
/// <param name="unbroken">The undisturbed run, complete.</param>
/// <param name="ranks">The ranks of both.</param>
internal sealed class RunWitness(SaveHeavyRun run, SaveHeavyRun unbroken, int ranks)
{
    private readonly Dictionary<long, LoggedStep> expected = Read(unbroken.Metrics).ToDictionary(line => line.Step);
    private readonly CheckpointStore store = new(run.Checkpoints);
    private long newest;

    /// <summary>Checks what a killed job has left; returns what it was doing, and how many of its steps are lost.</summary>
    /// <exception cref="FaultException">Something is not as it must be.</exception>
    public (string Phase, long LostSteps) AfterKill(KillableJob job)
    {
        RequireCheckpoints(job.NewestSaved);
        string[] left = LeftOvers();
        // One that is being written and one that is being deleted; those of former sessions are gone.
        Require(left.Length <= 2, $"more than one save and one deletion have left something: {string.Join(", ", left)}");
        var logged = RequireMetrics();
        var last = logged.Count > 0 ? logged[^1] : null;
        return (PhaseOf(left, job.HasStepped, last), Math.Max(0, (last?.Step ?? 0) - newest));
    }

    /// <summary>Checks a run that has come to its end.</summary>
    /// <exception cref="FaultException">Something is not as it must be.</exception>
    public void AfterEnd()
    {
        RequireCheckpoints(SaveHeavyRun.Steps);
        Require(store.Complete().Count <= SaveHeavyRun.MostCheckpoints, $"{store.Complete().Count} checkpoints stay");
        Require(LeftOvers() is [], $"left over: {string.Join(", ", LeftOvers())}");
        var logged = RequireMetrics();
        Require(logged.Count == expected.Count, $"metrics.jsonl has {logged.Count} steps, the unbroken run {expected.Count}");
        foreach (var step in logged) Require(step.ValLoss == expected[step.Step].ValLoss, $"step {step.Step}: validation loss {step.ValLoss ?? "missing"} instead of {expected[step.Step].ValLoss}");
        Require(File.ReadAllBytes(run.Weights).AsSpan().SequenceEqual(File.ReadAllBytes(unbroken.Weights)), "the trained weights are not those of the unbroken run");
    }

    private void RequireCheckpoints(long? reported)
    {
        var complete = store.Complete();
        long step = complete.Count == 0 ? 0 : CheckpointStore.StepOf(complete[0]);
        Require(step >= newest, $"the newest checkpoint is of step {step}, before it was {newest}");
        Require(step >= (reported ?? 0), $"step {reported} was said to be saved, the newest checkpoint is {step}");
        newest = step;
        foreach (string checkpoint in complete)
        {
            try
            {
                var manifest = CheckpointVerification.Verify(checkpoint);
                Require(manifest.Progress.Step == CheckpointStore.StepOf(checkpoint), $"{checkpoint} is of step {manifest.Progress.Step}");
            }
            catch (CheckpointException e)
            {
                throw new FaultException($"a complete checkpoint is damaged: {e.Message}");
            }
        }
    }

    private List<LoggedStep> RequireMetrics()
    {
        var logged = Read(run.Metrics);
        foreach (var (index, step) in logged.Index())
        {
            Require(step.Step == index, $"line {index + 1} of metrics.jsonl is of step {step.Step}");
            Require(step.Loss == expected[step.Step].Loss, $"step {step.Step}: loss {step.Loss} instead of {expected[step.Step].Loss}");
            Require(step.ValLoss is null || step.ValLoss == expected[step.Step].ValLoss, $"step {step.Step}: validation loss {step.ValLoss} instead of {expected[step.Step].ValLoss}");
        }
        return logged;
    }

    // All that a checkpoint or the model is built in, and folders of steps that are not complete.
    private string[] LeftOvers() => !Directory.Exists(run.Folder) ? [] :
    [
        .. ((string[])[run.Folder, run.Checkpoints]).Where(Directory.Exists).SelectMany(Directory.GetDirectories)
            .Where(path => Path.GetFileName(path).StartsWith(DurableFolder.TemporaryPrefix, StringComparison.Ordinal) || (Path.GetFileName(path).StartsWith("step-", StringComparison.Ordinal) && !CheckpointStore.IsComplete(path)))
            .Select(path => Path.GetRelativePath(run.Folder, path)),
    ];

    private string PhaseOf(string[] left, bool hasStepped, LoggedStep? last) =>
        left.Contains(DurableFolder.TemporaryPrefix + "model") ? "writing the model"
        : left.Any(path => !IsBeingBuilt(path)) ? "deleting"
        : left.Length > 0 && hasStepped ? PhaseOfSave(Path.Combine(run.Folder, left[0]))
        : !hasStepped ? "starting"
        : last is { ValLoss: null } && expected[last.Step].ValLoss is not null ? "validating" : "training";

    private static bool IsBeingBuilt(string left) => long.TryParse(Path.GetFileName(left).Replace(DurableFolder.TemporaryPrefix + "step-", "", StringComparison.Ordinal), CultureInfo.InvariantCulture, out _);

    // A shard has the length that it had in every checkpoint before.
    private string PhaseOfSave(string building) =>
        File.Exists(Path.Combine(building, CheckpointManifest.FileName)) ? "publishing"
        : store.Complete() is [var before, ..] && Directory.GetFiles(building).Length == ranks && Directory.GetFiles(building).All(shard => new FileInfo(shard).Length == new FileInfo(Path.Combine(before, Path.GetFileName(shard))).Length) ? "reading back"
        : "writing";

    private static List<LoggedStep> Read(string metrics)
    {
        List<LoggedStep> steps = [];
        if (!File.Exists(metrics)) return steps;
        string text = File.ReadAllText(metrics);
        // What is behind the last line end was being written.
        foreach (string line in text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            JsonNode node;
            try
            {
                node = JsonNode.Parse(line)!;
            }
            catch (JsonException)
            {
                throw new FaultException($"metrics.jsonl: line {steps.Count + 1} is damaged: {line}");
            }
            steps.Add(new((long)node["step"]!, node["loss"]?.ToJsonString(), node["val_loss"]?.ToJsonString()));
        }
        return steps;
    }

    private static void Require(bool isSo, string violation)
    {
        if (!isSo) throw new FaultException(violation);
    }

    // The losses as they are written: their shortest digits stand for their bits.
    private sealed record LoggedStep(long Step, string? Loss, string? ValLoss);
}
