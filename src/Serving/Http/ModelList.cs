using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SparkTrain.Http;

namespace SparkTrain.Serving;

/// <summary>Answers <c>GET /v1/models</c>: the one model that is served.</summary>
internal sealed class ModelList(ServedModel model)
{
    private readonly DateTimeOffset created = DateTimeOffset.UtcNow;

    public Task ListAsync(HttpContext http) => JsonText.SendAsync(http, StatusCodes.Status200OK, JsonText.Of(json =>
    {
        json.WriteStartObject();
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        Write(json);
        json.WriteEndArray();
        json.WriteEndObject();
    }));

    // A slash in a name comes as it is, or as %2F.
    public Task OneAsync(HttpContext http) => Uri.UnescapeDataString((string?)http.Request.RouteValues["name"] ?? "") == model.Name
        ? JsonText.SendAsync(http, StatusCodes.Status200OK, JsonText.Of(Write))
        : throw new ApiException(StatusCodes.Status404NotFound, $"There is no such model; this server has '{model.Name}'.", "model", "model_not_found");

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id", model.Name);
        json.WriteString("object", "model");
        json.WriteNumber("created", created.ToUnixTimeSeconds());
        json.WriteString("owned_by", "sparktrain");
        // How much fits: other servers of OpenAI's interface say it under this name.
        json.WriteNumber("max_model_len", model.Decoder.Config.MaxSeqLen);
        json.WriteEndObject();
    }
}
