using System.Net;
using Microsoft.AspNetCore.Http;

namespace SparkTrain.Dashboard;

/// <summary>
/// Who may ask: whoever shows the token where there is one; and of web pages only the dashboard's own. Without a token, on loopback, a request must name the server by a loopback
/// name: a foreign name that was made to lead here (DNS rebinding) is refused.
/// </summary>
internal sealed class AccessRules(AccessToken? token)
{
    private const string Bearer = "Bearer ";

    /// <exception cref="ApiException">The request is refused.</exception>
    public void Check(HttpContext http)
    {
        var request = http.Request;
        if (token is null && !IsLoopback(request.Host.Host))
            throw new ApiException(StatusCodes.Status403Forbidden, "The Host header must be a loopback name or address, such as localhost or 127.0.0.1. To serve under other names, start the dashboard with a token.");
        if (request.Headers.Origin is [{ } origin, ..] && !IsOwn(origin, request.Host))
            throw new ApiException(StatusCodes.Status403Forbidden, "Requests of other web pages are refused.");
        // The page itself holds no data; it asks for them with the token.
        if (token is not null && request.Path.StartsWithSegments("/api") && !Shows(request, token))
        {
            http.Response.Headers.WWWAuthenticate = "Bearer";
            throw new ApiException(StatusCodes.Status401Unauthorized, "A valid token is required: Authorization: Bearer TOKEN. In a browser, open the link that ends in #token=TOKEN.");
        }
    }

    private static bool IsOwn(string origin, HostString host) => Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https") && uri.Authority.Equals(host.Value, StringComparison.OrdinalIgnoreCase);

    private static bool Shows(HttpRequest request, AccessToken token) =>
        request.Headers.Authorization is [{ } header] && header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) && token.Is(header[Bearer.Length..].Trim());

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
