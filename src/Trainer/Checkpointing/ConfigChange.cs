using System.Text.Json.Nodes;
using SparkTrain.Distributed;

namespace SparkTrain.Trainer;

/// <summary>Decides whether a run may go on under a changed configuration.</summary>
public static class ConfigChange
{
    // Decides the last bits of matrix products, which SlotTree promises to keep.
    private const string ThreadsKey = "Training.Threads";

    // What neither the samples, nor the arithmetic, nor the schedule of the steps already made depends on. DecaySteps and Steps shape the rest of the run.
    private static readonly string[] MayChange =
        ["Run.Name", "Run.Folder", "Data.Folder", "Data.PrefetchBatches", "Data.CacheMegabytes", "Training.Steps", ThreadsKey, "Training.Device", "LrSchedule", "Distributed", "Validation", "Checkpoint", "Logging"];

    /// <summary>Lists the keys that differ and must not, each with both values.</summary>
    public static IReadOnlyList<string> Forbidden(JsonObject saved, JsonObject current)
    {
        var (before, now) = (Flatten(saved), Flatten(current));
        bool isSlotTree = now["Distributed.Reduce"] == $"\"{ReduceOrder.SlotTree}\"";
        return [.. before.Keys.Union(now.Keys).Order(StringComparer.Ordinal)
            .Where(key => before.GetValueOrDefault(key) != now.GetValueOrDefault(key))
            .Where(key => key == ThreadsKey && isSlotTree || !MayChange.Any(free => key == free || key.StartsWith(free + ".", StringComparison.Ordinal)))
            .Select(key => $"{key} was {before.GetValueOrDefault(key) ?? "absent"}, is {now.GetValueOrDefault(key) ?? "absent"}")];
    }

    private static Dictionary<string, string> Flatten(JsonObject root)
    {
        var leaves = new Dictionary<string, string>();
        Visit("", root);
        return leaves;

        void Visit(string path, JsonNode? node)
        {
            if (node is JsonObject section)
                foreach (var (key, child) in section) Visit(path.Length == 0 ? key : $"{path}.{key}", child);
            else
                leaves[path] = node?.ToJsonString() ?? "null";
        }
    }
}
