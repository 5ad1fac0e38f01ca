using System.Text.Json.Nodes;

namespace SparkTrain.Trainer;

/// <summary>A configuration key by key.</summary>
public static class JsonLeaves
{
    /// <summary>Returns every value that is no section, as JSON, under its path: A.B.C.</summary>
    /// <param name="root">The configuration.</param>
    /// <param name="listOf">Gives of a list, which stands whole under its path, what is to be seen of it; null gives all.</param>
    public static Dictionary<string, string> Of(JsonObject root, Func<string, JsonArray, JsonNode>? listOf = null)
    {
        var leaves = new Dictionary<string, string>();
        Visit("", root);
        return leaves;

        void Visit(string path, JsonNode? node)
        {
            if (node is JsonObject section)
                foreach (var (key, child) in section) Visit(path.Length == 0 ? key : $"{path}.{key}", child);
            else
                leaves[path] = (node is JsonArray list && listOf is not null ? listOf(path, list) : node)?.ToJsonString() ?? "null";
        }
    }
}
