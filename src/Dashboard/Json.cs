using System.Text.Json;
using System.Text.Json.Serialization;

namespace SparkTrain.Dashboard;

/// <summary>How JSON is written: names in camel case, and numbers that JSON cannot hold as "NaN", "Infinity" and "-Infinity", as events have them.</summary>
internal static class Json
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web) { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };
}
