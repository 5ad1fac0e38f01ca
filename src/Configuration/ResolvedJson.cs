using System.Collections;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SparkTrain.Configuration;

/// <summary>Writes a record tree as a configuration file, with the origins of its values beside it.</summary>
internal static class ResolvedJson
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(SectionSchema schema, object root, IEnumerable<ResolvedValue> values)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Options))
        {
            json.WriteStartObject();
            WriteMembers(json, schema, root);
            json.WriteStartObject(ConfigurationFile.OriginsKey);
            foreach (var value in values) json.WriteString(value.Key, value.Origin.ToString());
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    /// <summary>Writes one value of a scalar type.</summary>
    public static void WriteScalar(Utf8JsonWriter json, object? value)
    {
        if (value is string or Enum) json.WriteStringValue(ScalarText.Format(value));
        else json.WriteRawValue(ScalarText.Format(value));
    }

    private static void WriteMembers(Utf8JsonWriter json, SectionSchema section, object record)
    {
        foreach (var key in section.Keys)
        {
            json.WritePropertyName(key.Name);
            WriteValue(json, key, key.Property.GetValue(record));
        }
    }

    private static void WriteValue(Utf8JsonWriter json, KeySchema key, object? value)
    {
        if (value is null || key.Kind == KeyKind.Scalar) WriteScalar(json, value);
        else if (key.Kind == KeyKind.Section) WriteSection(json, key.Section!, value);
        else
        {
            json.WriteStartArray();
            foreach (var item in (IEnumerable)value)
                if (key.Section is null) WriteScalar(json, item);
                else WriteSection(json, key.Section, item);
            json.WriteEndArray();
        }
    }

    private static void WriteSection(Utf8JsonWriter json, SectionSchema section, object record)
    {
        json.WriteStartObject();
        WriteMembers(json, section, record);
        json.WriteEndObject();
    }
}
