using System.Text.Encodings.Web;
using System.Text.Json;

namespace SparkTrain.Input;

/// <summary>JSON as SparkTrain writes files that people read: camel case, indented, two spaces, line feeds.</summary>
public static class IndentedJson
{
    /// <summary>Options of the serializer; null where none may be, and missing constructor parameters, are refused.</summary>
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
