using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SparkTrain.Telemetry;

/// <summary>A line of a journal: an event as HttpEventFormatter writes it.</summary>
internal static class JournalLine
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Returns an event as one of another run; null where the line is no event.</summary>
    /// <param name="line">The line.</param>
    /// <param name="id">The identity of that run.</param>
    /// <param name="name">Its name; null keeps the one that is there.</param>
    public static string? Under(string line, string id, string? name)
    {
        try
        {
            if (JsonNode.Parse(line) is not JsonObject logged || logged["Properties"] is not JsonObject properties) return null;
            properties[RunEvent.RunId] = id;
            if (name is not null) properties[RunEvent.Run] = name;
            return logged.ToJsonString(Json);
        }
        // Doubled names are found as late as this.
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Returns the number of an event within its run; null where the line has none.</summary>
    public static long? SequenceOf(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("Properties").GetProperty(RunEvent.Sequence).GetInt64();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }
}
