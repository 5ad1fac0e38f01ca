using System.Text.Encodings.Web;
using System.Text.Json;

namespace SparkTrain.Data;

/// <summary>How this room writes JSON: camel case, indented, two spaces, line feeds.</summary>
internal static class DatasetJson
{
    public static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };
}
