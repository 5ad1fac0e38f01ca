using System.Text.Json;

namespace SparkTrain.Dashboard;

/// <summary>A setting and its value in each run; null where a run does not have it.</summary>
internal sealed record ConfigDifference(string Key, IReadOnlyList<string?> Values);

/// <summary>Compares configurations, flattened to Section.Key and List[0].</summary>
internal static class ConfigDiff
{
    /// <summary>Returns the keys whose values differ between the runs, in the order of their names.</summary>
    public static List<ConfigDifference> Of(IReadOnlyList<JsonElement?> configs)
    {
        var flat = configs.Select(config => config is { } json ? Flatten(json) : []).ToList();
        return [.. flat.SelectMany(values => values.Keys).Distinct().Order(StringComparer.Ordinal)
            .Select(key => new ConfigDifference(key, [.. flat.Select(values => values.GetValueOrDefault(key))]))
            .Where(difference => difference.Values.Distinct().Count() > 1)];
    }

    /// <summary>Returns each value under its path.</summary>
    public static Dictionary<string, string> Flatten(JsonElement json)
    {
        var flat = new Dictionary<string, string>();
        Walk(json, "", flat);
        return flat;
    }

    private static void Walk(JsonElement json, string path, Dictionary<string, string> flat)
    {
        if (json.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in json.EnumerateObject()) Walk(member.Value, path.Length == 0 ? member.Name : $"{path}.{member.Name}", flat);
        }
        else if (json.ValueKind == JsonValueKind.Array)
        {
            int index = 0;
            foreach (var element in json.EnumerateArray()) Walk(element, $"{path}[{index++}]", flat);
        }
        else
        {
            flat[path] = json.ToString();
        }
    }
}
