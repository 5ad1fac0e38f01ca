using System.Text.Json;
using System.Text.Json.Nodes;
using Serilog.Events;

namespace SparkTrain.Telemetry;

/// <summary>JSON as a property of an event, so that what a file holds under a name is sent under the same name.</summary>
public static class JsonProperty
{
    /// <summary>Returns a property with the contents of a JSON value. "NaN", "Infinity" and "-Infinity" stay text.</summary>
    public static LogEventProperty Of(string name, JsonNode? value) => new(name, Value(value));

    private static LogEventPropertyValue Value(JsonNode? node) => node switch
    {
        JsonObject parts => new StructureValue(parts.Select(part => new LogEventProperty(part.Key, Value(part.Value)))),
        JsonArray list => new SequenceValue(list.Select(Value)),
        JsonValue value => new ScalarValue(Scalar(value)),
        _ => new ScalarValue(null),
    };

    private static object? Scalar(JsonValue value) => value.GetValueKind() switch
    {
        JsonValueKind.String => value.GetValue<string>(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number => Number(JsonSerializer.SerializeToElement(value)),
        _ => null,
    };

    // A value that was not read from text only gives what it was made of.
    private static object Number(JsonElement value) => value.TryGetInt64(out long whole) ? whole : value.GetDouble();
}
