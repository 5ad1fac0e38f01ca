using System.Text.Json;
using System.Text.RegularExpressions;

namespace SparkTrain.Configuration.Tests;

/// <summary>Judges a document by the part of JSON Schema 2020-12 that the writer uses; refuses a keyword it does not know.</summary>
internal static class JsonSchemaCheck
{
    private static readonly JsonDocumentOptions Comments = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    public static IReadOnlyList<string> Problems(string schema, string document)
    {
        using var rules = JsonDocument.Parse(schema);
        using var value = JsonDocument.Parse(document, Comments);
        return [.. Judge(rules.RootElement, value.RootElement, "$")];
    }

    private static IEnumerable<string> Judge(JsonElement schema, JsonElement value, string at) =>
        schema.EnumerateObject().SelectMany(keyword => Judge(schema, keyword, value, at));

    private static IEnumerable<string> Judge(JsonElement schema, JsonProperty keyword, JsonElement value, string at)
    {
        var rule = keyword.Value;
        var isNumber = value.ValueKind == JsonValueKind.Number;
        return keyword.Name switch
        {
            "$schema" or "title" or "description" or "enumDescriptions" or "default" => [],
            "type" => If(!Types(rule).Contains(TypeOf(value)) && !(TypeOf(value) == "integer" && Types(rule).Contains("number")), $"{at} is {TypeOf(value)}"),
            "enum" => If(!rule.EnumerateArray().Any(allowed => JsonElement.DeepEquals(allowed, value)), $"{at} is none of the values"),
            "minimum" => If(isNumber && value.GetDouble() < rule.GetDouble(), $"{at} is too small"),
            "maximum" => If(isNumber && value.GetDouble() > rule.GetDouble(), $"{at} is too large"),
            "exclusiveMinimum" => If(isNumber && value.GetDouble() <= rule.GetDouble(), $"{at} is too small"),
            "maxItems" => If(value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > rule.GetInt32(), $"{at} is too long"),
            "pattern" => If(value.ValueKind == JsonValueKind.String && !Regex.IsMatch(value.GetString()!, rule.GetString()!), $"{at} does not match"),
            "items" => value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().SelectMany((item, i) => Judge(rule, item, $"{at}[{i}]")) : [],
            "required" => value.ValueKind == JsonValueKind.Object
                ? rule.EnumerateArray().Where(name => !value.TryGetProperty(name.GetString()!, out _)).Select(name => $"{at}.{name} is missing") : [],
            "properties" => value.ValueKind == JsonValueKind.Object
                ? rule.EnumerateObject().Where(p => value.TryGetProperty(p.Name, out _)).SelectMany(p => Judge(p.Value, value.GetProperty(p.Name), $"{at}.{p.Name}")) : [],
            "additionalProperties" => value.ValueKind == JsonValueKind.Object
                ? value.EnumerateObject().Where(p => !schema.GetProperty("properties").TryGetProperty(p.Name, out _)).Select(p => $"{at}.{p.Name} is unknown") : [],
            _ => throw new NotSupportedException($"The schema uses {keyword.Name}."),
        };
    }

    private static string[] Types(JsonElement rule) =>
        rule.ValueKind == JsonValueKind.Array ? [.. rule.EnumerateArray().Select(t => t.GetString()!)] : [rule.GetString()!];

    private static string TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => value.TryGetInt64(out _) ? "integer" : "number",
        JsonValueKind.Null => "null",
        _ => "boolean",
    };

    private static IEnumerable<string> If(bool broken, string problem) => broken ? [problem] : [];
}
