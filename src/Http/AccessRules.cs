using System.Net;
using Microsoft.AspNetCore.Http;

namespace SparkTrain.Http;

/// <summary>
/// Who may ask: whoever shows the token where there is one; and no page in a browser but those that are allowed. A server that no token guards takes, on loopback, only requests that name it by a loopback
/// name: a foreign name that was made to lead here (DNS rebinding) is refused.
/// </summary>
public sealed record AccessRules
{
    private const string Bearer = "Bearer ";

    /// <summary>What clients must show; null asks for nothing.</summary>
    public AccessToken? Token { get; init; }

    /// <summary>Refuses requests whose Host is no loopback name or address.</summary>
    public required bool LoopbackNamesOnly { get; init; }

    /// <summary>Origins whose pages may ask, such as <c>https://app.example.com</c>.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>Lets the server's own page ask.</summary>
    public bool AllowsOwnPage { get; init; }

    /// <summary>Tells the paths that need the token, where there is one; without it all do.</summary>
    public Func<PathString, bool> NeedsToken { get; init; } = _ => true;

    /// <summary>Tells what to do for other names, origins and clients: the end of each message.</summary>
    public required (string Host, string Origin, string Token) Advice { get; init; }

    /// <summary>Refuses what may not ask. Answers a browser that asks beforehand itself, and returns true then.</summary>
    /// <exception cref="ApiException">The request is refused.</exception>
    public bool Check(HttpContext http)
    {
        var request = http.Request;
        if (LoopbackNamesOnly && !IsLoopback(request.Host.Host))
            throw new ApiException(StatusCodes.Status403Forbidden, $"The Host header must be a loopback name or address, such as localhost or 127.0.0.1. {Advice.Host}", code: "host_not_allowed");
        if (request.Headers.Origin.Count > 0 && CheckOrigin(http)) return true;
        if (Token is { } token && NeedsToken(request.Path) && !Shows(request, token))
        {
            http.Response.Headers.WWWAuthenticate = "Bearer";
            throw new ApiException(StatusCodes.Status401Unauthorized, $"A valid token is required: Authorization: Bearer TOKEN. {Advice.Token}".TrimEnd(), code: "invalid_api_key");
        }
        return false;
    }

    private bool CheckOrigin(HttpContext http)
    {
        var (request, headers) = (http.Request, http.Response.Headers);
        if (request.Headers.Origin is not [{ } origin]) throw RefuseOrigin();
        if (AllowsOwnPage && IsOwn(origin, request.Host)) return false;
        if (!AllowedOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase)) throw RefuseOrigin();
        headers.AccessControlAllowOrigin = origin;
        headers.Vary = "Origin";
        if (!HttpMethods.IsOptions(request.Method)) return false;
        headers.AccessControlAllowMethods = "GET, HEAD, POST";
        headers.AccessControlAllowHeaders = "Authorization, Content-Type";
        headers.AccessControlMaxAge = "600";
        http.Response.StatusCode = StatusCodes.Status204NoContent;
        return true;
    }

    private ApiException RefuseOrigin() => new(StatusCodes.Status403Forbidden, Advice.Origin, code: "origin_not_allowed");

    private static bool IsOwn(string origin, HostString host) => Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https") && uri.Authority.Equals(host.Value, StringComparison.OrdinalIgnoreCase);

    private static bool Shows(HttpRequest request, AccessToken token) =>
        request.Headers.Authorization is [{ } header] && header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) && token.Is(header[Bearer.Length..].Trim());

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
