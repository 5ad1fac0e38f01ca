using System.Globalization;
using System.Text.Json.Nodes;
using SparkTrain.Distributed;

namespace SparkTrain.Trainer;

/// <summary>Decides whether a run may go on under a changed configuration.</summary>
public static class ConfigChange
{
    // Decides the last bits of matrix products, which SlotTree promises to keep.
    private const string ThreadsKey = "Training.Threads";

    // Decides, for the slot tree, which gradients are added up first.
    private const string SlotsKey = "Distributed.Slots";

    // What neither the samples, nor the arithmetic, nor the schedule of the steps already made depends on. DecaySteps and Steps shape the rest of the run.
    private static readonly string[] MayChange =
        ["Run.Name", "Run.Folder", "Run.InitialModel", "Data.Folder", "Data.Sources[].Name", "Data.Sources[].Folder", "Data.PrefetchBatches", "Data.CacheMegabytes", "Training.Steps", "Training.MicroBatch", ThreadsKey, "Training.Device", "LrSchedule", "Distributed",
        "Sparsity.AuditEverySteps", "Sparsity.AuditSamples", "Sparsity.AuditPositions", "Sparsity.Window", "Sparsity.MaxDrift", "Sparsity.MaxDeadFraction", "Sparsity.MinPredictorRecall", "Sparsity.Patience", "Sparsity.StopOnAlarm", "Validation", "Generation", "Checkpoint", "Logging"];

    private static readonly Lazy<Dictionary<string, string>> Defaults = new(() => Flatten(TrainState.ConfigJson(new()
    {
        Run = new() { Name = "" },
        Model = new() { VocabSize = 0, DModel = 0, NumLayers = 0, MaxSeqLen = 0, Ffn = new() { Kind = default, DFf = 0 }, Attention = new() { Kind = default, NumHeads = 0, NumKvHeads = 0, HeadDim = 0, Window = 0 } },
        Data = new(),
        Training = new() { Steps = 0, SeqLen = 0, GlobalBatchTokens = 0, MicroBatch = 0 },
        LrSchedule = new() { Lr = 0 },
    })));

    /// <summary>Lists the keys that differ and must not, each with both values. A key that is younger than the checkpoint had its default.</summary>
    /// <param name="saved">The checkpoint's configuration.</param>
    /// <param name="current">The run's.</param>
    /// <param name="allowNewData">True lets all of Data change.</param>
    public static IReadOnlyList<string> Forbidden(JsonObject saved, JsonObject current, bool allowNewData = false)
    {
        var (before, now) = (Flatten(saved), Flatten(current));
        foreach (var (key, value) in Defaults.Value) before.TryAdd(key, value);
        string[] mayChange = allowNewData ? [.. MayChange, "Data"] : MayChange;
        bool isSlotTree = IsSlotTree(now), keepsSlots = isSlotTree && IsSlotTree(before);
        if (keepsSlots) (before[SlotsKey], now[SlotsKey]) = (Slots(before), Slots(now));
        return [.. before.Keys.Union(now.Keys).Order(StringComparer.Ordinal)
            .Where(key => before.GetValueOrDefault(key) != now.GetValueOrDefault(key))
            .Where(key => key == ThreadsKey && isSlotTree || key == SlotsKey && keepsSlots || !mayChange.Any(free => key == free || key.StartsWith(free + ".", StringComparison.Ordinal)))
            .Select(key => $"{key} was {before.GetValueOrDefault(key) ?? "absent"}, is {now.GetValueOrDefault(key) ?? "absent"}")];
    }

    private static bool IsSlotTree(Dictionary<string, string> config) => config.GetValueOrDefault("Distributed.Reduce") == $"\"{ReduceOrder.SlotTree}\"";

    // What is not set follows from the micro-batch, which may change.
    private static string Slots(Dictionary<string, string> config)
    {
        long? slots = Number(SlotsKey);
        return Number("Training.GlobalBatchTokens") is { } tokens && Number("Training.MicroBatch") is > 0 and { } rows && Number("Training.SeqLen") is > 0 and { } seqLen
            ? BatchLayout.SlotsOf(slots, tokens, rows, seqLen).ToString(CultureInfo.InvariantCulture)
            : config.GetValueOrDefault(SlotsKey, "absent");

        long? Number(string key) => long.TryParse(config.GetValueOrDefault(key), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;
    }

    private static Dictionary<string, string> Flatten(JsonObject root) => JsonLeaves.Of(root, Kept);

    // A list of sections is compared whole, but for what may change in each of them.
    private static JsonArray Kept(string path, JsonArray list)
    {
        var kept = (JsonArray)list.DeepClone();
        foreach (var section in kept.OfType<JsonObject>())
            foreach (string free in MayChange.Where(free => free.StartsWith(path + "[].", StringComparison.Ordinal))) section.Remove(free[(path.Length + 3)..]);
        return kept;
    }
}
