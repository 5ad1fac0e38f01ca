using System.Net.Mime;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace SparkTrain.Serving;

/// <summary>Reads the body of a request, which must say that it is JSON: a page in a browser cannot send that to a foreign server without asking beforehand.</summary>
internal static class RequestBody
{
    /// <summary>Returns all of it.</summary>
    /// <exception cref="ApiException">It is said to be something else than JSON.</exception>
    /// <exception cref="BadHttpRequestException">It is longer than the server takes, or breaks off.</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContext http)
    {
        if (!MediaTypeHeaderValue.TryParse(http.Request.ContentType, out var type) || !type.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase))
            throw new ApiException(StatusCodes.Status415UnsupportedMediaType, "The request must have the header Content-Type: application/json.", code: "unsupported_media_type");
        if (http.Request.Headers.ContentEncoding.Count > 0)
            throw new ApiException(StatusCodes.Status415UnsupportedMediaType, "The body must not be compressed.", code: "unsupported_encoding");
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }
}
