using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SparkTrain.Configuration;

/// <summary>Writes the JSON Schema (draft 2020-12) of a record tree: editors complete keys, show their sentences and mark mistakes while typing.</summary>
public static class JsonSchemaWriter
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Returns the schema of configurations that bind to <typeparamref name="T"/>.</summary>
    public static string Write<T>(string title)
        where T : class
    {
        var schema = SectionSchema.Of<T>();
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Options))
        {
            json.WriteStartObject();
            json.WriteString("$schema", "https://json-schema.org/draft/2020-12/schema");
            json.WriteString("title", title);
            WriteDescription(json, XmlDocumentation.Of(schema.RecordType));
            WriteObject(json, schema, isNullable: false);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    private static void WriteObject(Utf8JsonWriter json, SectionSchema section, bool isNullable)
    {
        WriteType(json, "object", isNullable);
        json.WriteStartObject("properties");
        if (section.Path.Length == 0)
            foreach (var passedOver in (string[])["$schema", ConfigurationFile.OriginsKey])
            {
                json.WriteStartObject(passedOver);
                json.WriteEndObject();
            }
        foreach (var key in section.Keys)
        {
            json.WriteStartObject(key.Name);
            WriteKey(json, key);
            json.WriteEndObject();
        }
        foreach (var key in section.Keys.SelectMany(key => key.Section?.Keys ?? []).Where(key => key.Former is not null))
        {
            json.WriteStartObject(key.Former!.Split('.')[^1]);
            WriteKey(json, key);
            json.WriteBoolean("deprecated", true);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        var required = section.Keys.Where(key => key.IsRequired).ToList();
        if (required.Count > 0)
        {
            json.WriteStartArray("required");
            foreach (var key in required) json.WriteStringValue(key.Name);
            json.WriteEndArray();
        }
        json.WriteBoolean("additionalProperties", false);
    }

    private static void WriteKey(Utf8JsonWriter json, KeySchema key)
    {
        WriteDescription(json, key.Doc);
        if (key.Kind == KeyKind.Section)
        {
            WriteObject(json, key.Section!, key.IsNullable);
            return;
        }
        if (key.Kind == KeyKind.List)
        {
            WriteType(json, "array", key.IsNullable);
            WriteKeywords(json, key.Constraints.Where(c => !c.IsPerElement), isList: true);
            json.WriteStartObject("items");
            if (key.Section is { } section) WriteObject(json, section, isNullable: false);
            else WriteScalarType(json, key.ValueType, isNullable: false);
            WriteKeywords(json, key.Constraints.Where(c => c.IsPerElement), isList: false);
            json.WriteEndObject();
        }
        else
        {
            WriteScalarType(json, key.ValueType, key.IsNullable);
            WriteKeywords(json, key.Constraints, isList: false);
        }
        if (!key.IsRequired && key.Section is null) WriteDefault(json, key);
    }

    private static void WriteScalarType(Utf8JsonWriter json, Type type, bool isNullable)
    {
        if (!type.IsEnum)
        {
            WriteType(json, type == typeof(double) ? "number" : type == typeof(bool) ? "boolean" : type == typeof(string) ? "string" : "integer", isNullable);
            return;
        }
        json.WriteStartArray("enum");
        foreach (var name in Enum.GetNames(type)) json.WriteStringValue(name);
        if (isNullable) json.WriteNullValue();
        json.WriteEndArray();
        // Not a word of the standard, which lets unknown ones pass: Visual Studio Code shows these beside each value.
        json.WriteStartArray("enumDescriptions");
        foreach (var name in Enum.GetNames(type)) json.WriteStringValue(XmlDocumentation.OfEnumMember(type, name));
        json.WriteEndArray();
    }

    private static void WriteKeywords(Utf8JsonWriter json, IEnumerable<Constraint> constraints, bool isList)
    {
        foreach (var constraint in constraints)
            switch (constraint.Attribute)
            {
                case RangeAttribute range:
                    json.WritePropertyName(range.MinimumIsExclusive ? "exclusiveMinimum" : "minimum");
                    json.WriteRawValue(ScalarText.Format(range.Minimum));
                    if (Constraint.IsEndless(range)) break;
                    json.WritePropertyName(range.MaximumIsExclusive ? "exclusiveMaximum" : "maximum");
                    json.WriteRawValue(ScalarText.Format(range.Maximum));
                    break;
                case RegularExpressionAttribute pattern:
                    json.WriteString("pattern", $"^(?:{pattern.Pattern})$");
                    break;
                case MinLengthAttribute least:
                    json.WriteNumber(isList ? "minItems" : "minLength", least.Length);
                    break;
                case MaxLengthAttribute most:
                    json.WriteNumber(isList ? "maxItems" : "maxLength", most.Length);
                    break;
                case LengthAttribute length:
                    json.WriteNumber(isList ? "minItems" : "minLength", length.MinimumLength);
                    json.WriteNumber(isList ? "maxItems" : "maxLength", length.MaximumLength);
                    break;
                case StringLengthAttribute length:
                    json.WriteNumber("minLength", length.MinimumLength);
                    json.WriteNumber("maxLength", length.MaximumLength);
                    break;
            }
    }

    private static void WriteDefault(Utf8JsonWriter json, KeySchema key)
    {
        json.WritePropertyName("default");
        if (key.Default is IEnumerable list and not string)
        {
            json.WriteStartArray();
            foreach (var item in list) ResolvedJson.WriteScalar(json, item);
            json.WriteEndArray();
        }
        else
        {
            ResolvedJson.WriteScalar(json, key.Default);
        }
    }

    private static void WriteType(Utf8JsonWriter json, string type, bool isNullable)
    {
        if (!isNullable)
        {
            json.WriteString("type", type);
            return;
        }
        json.WriteStartArray("type");
        json.WriteStringValue(type);
        json.WriteStringValue("null");
        json.WriteEndArray();
    }

    private static void WriteDescription(Utf8JsonWriter json, string text)
    {
        if (text.Length > 0) json.WriteString("description", text);
    }
}
