using System.Globalization;
using System.Text.Json;

namespace SparkTrain.Dashboard;

/// <summary>Turns the metrics of an event into single values, to any depth: arrays become name[0], name[1] …, objects name/sub.</summary>
internal static class MetricValues
{
    public static List<MetricPoint> Read(JsonElement metrics, int maxNameLength)
    {
        if (metrics.ValueKind != JsonValueKind.Object) throw new EventRefusedException("Metrics must be an object of names and numbers");
        var points = new List<MetricPoint>();
        foreach (var metric in metrics.EnumerateObject()) Add(points, metric.Name, metric.Value, maxNameLength);
        return points;
    }

    private static void Add(List<MetricPoint> points, string key, JsonElement value, int maxNameLength)
    {
        Names.Require(key, "the name of a metric", maxNameLength);
        switch (value.ValueKind)
        {
            case JsonValueKind.Null: break;
            case JsonValueKind.Array:
                int index = 0;
                foreach (var item in value.EnumerateArray()) Add(points, string.Create(CultureInfo.InvariantCulture, $"{key}[{index++}]"), item, maxNameLength);
                break;
            case JsonValueKind.Object:
                foreach (var part in value.EnumerateObject()) Add(points, $"{key}/{part.Name}", part.Value, maxNameLength);
                break;
            case JsonValueKind.Number:
                // What is beyond a double comes as infinity.
                points.Add(new(key, value.GetDouble()));
                break;
            case JsonValueKind.String when value.GetString() is "NaN": points.Add(new(key, double.NaN)); break;
            case JsonValueKind.String when value.GetString() is "Infinity": points.Add(new(key, double.PositiveInfinity)); break;
            case JsonValueKind.String when value.GetString() is "-Infinity": points.Add(new(key, double.NegativeInfinity)); break;
            default: throw new EventRefusedException($"metric {key} must be a number, null, \"NaN\", \"Infinity\" or \"-Infinity\"");
        }
    }
}
