using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace SparkTrain.Http;

/// <summary>Routes that only read. RFC 9110, 9.1: whatever answers GET answers HEAD, with the same headers and without a body, which Kestrel leaves out by itself.</summary>
public static class ReadRoutes
{
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Answers GET and HEAD of a path.</summary>
    public static void MapRead(this IEndpointRouteBuilder routes, string path, RequestDelegate answer) => routes.MapMethods(path, Methods, answer);

    /// <summary>Returns whether only the headers are asked for: an answer that is long or never ends can be left out.</summary>
    public static bool AsksForHeadersOnly(HttpContext http) => HttpMethods.IsHead(http.Request.Method);
}
