using System.Net;
using Microsoft.AspNetCore.Http;

namespace SparkTrain.Serving;

/// <summary>
/// Who may ask: whoever shows the token where there is one; and no page in a browser, unless its origin is allowed. A server without a token, which listens on loopback, takes only
/// requests that name it by a loopback name: a foreign name that was made to lead here (DNS rebinding) is refused.
/// </summary>
internal sealed class AccessRules(ServingOptions options)
{
    private const string Bearer = "Bearer ";

    /// <summary>Refuses what may not ask. Answers a browser that asks beforehand itself, and returns true then.</summary>
    /// <exception cref="ApiException">The request is refused.</exception>
    public bool Check(HttpContext http)
    {
        var (request, headers) = (http.Request, http.Response.Headers);
        if (options.Token is null && !IsLoopback(request.Host.Host))
            throw new ApiException(StatusCodes.Status403Forbidden, "The Host header must be a loopback name or address, such as localhost or 127.0.0.1. To serve under other names, start the server with a token.", code: "host_not_allowed");
        if (request.Headers.Origin is [{ } origin, ..])
        {
            if (!options.AllowedOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase))
                throw new ApiException(StatusCodes.Status403Forbidden, "Requests of web pages are refused, unless the server is started with --allow-origin and theirs.", code: "origin_not_allowed");
            headers.AccessControlAllowOrigin = origin;
            headers.Vary = "Origin";
            if (HttpMethods.IsOptions(request.Method))
            {
                headers.AccessControlAllowMethods = "GET, POST";
                headers.AccessControlAllowHeaders = "Authorization, Content-Type";
                headers.AccessControlMaxAge = "600";
                http.Response.StatusCode = StatusCodes.Status204NoContent;
                return true;
            }
        }
        // Load balancers ask after the health of a server whose token they do not have.
        if (options.Token is { } token && request.Path != Paths.Health && !Shows(request, token))
        {
            headers.WWWAuthenticate = "Bearer";
            throw new ApiException(StatusCodes.Status401Unauthorized, "A valid token is required: Authorization: Bearer TOKEN.", code: "invalid_api_key");
        }
        return false;
    }

    private static bool Shows(HttpRequest request, AccessToken token) =>
        request.Headers.Authorization is [{ } header] && header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) && token.Is(header[Bearer.Length..].Trim());

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
