using System.Text.Json.Nodes;

namespace SparkTrain.Trainer;

/// <summary>Decides whether a run may go on under a changed configuration.</summary>
public static class ConfigChange
{
    // What neither the samples, nor the arithmetic, nor the schedule of the steps already made depends on. DecaySteps and Steps shape the rest of the run.
    private static readonly string[] MayChange =
        ["Run.Name", "Run.Folder", "Data.Folder", "Data.PrefetchBatches", "Data.CacheMegabytes", "Training.Steps", "Training.Threads", "Training.Device", "LrSchedule", "Validation", "Checkpoint", "Logging"];

    /// <summary>Lists the keys that differ and must not, each with both values.</summary>
    public static IReadOnlyList<string> Forbidden(JsonObject saved, JsonObject current)
    {
        var (before, now) = (Flatten(saved), Flatten(current));
        return [.. before.Keys.Union(now.Keys).Order(StringComparer.Ordinal)
            .Where(key => before.GetValueOrDefault(key) != now.GetValueOrDefault(key))
            .Where(key => !MayChange.Any(free => key == free || key.StartsWith(free + ".", StringComparison.Ordinal)))
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
