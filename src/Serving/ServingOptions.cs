using System.Net;
using SparkTrain.Http;

namespace SparkTrain.Serving;

/// <summary>How a server listens, and what it takes on.</summary>
public sealed record ServingOptions
{
    /// <summary>The port where none is given.</summary>
    public const int DefaultPort = 8000;

    /// <summary>Where it listens. Port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, DefaultPort);

    /// <summary>What clients must show; null asks for nothing, which only a loopback address may.</summary>
    public AccessToken? Token { get; init; }

    /// <summary>Origins whose pages may send requests from a browser, such as <c>https://app.example.com</c>.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>Longest body of a request, in bytes.</summary>
    public int MaxBodyBytes { get; init; } = 4 << 20;

    /// <summary>Connections that one address may have open at a time; further ones are refused.</summary>
    public int ConnectionsPerAddress { get; init; } = WebServerOptions.DefaultConnectionsPerAddress;

    /// <summary>What is computed side by side.</summary>
    public SchedulerOptions Scheduler { get; init; } = new();

    /// <summary>Time that the headers of a request may take; its body must come at some hundred bytes a second after as long.</summary>
    internal TimeSpan SlowRequest { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Returns the first option that is out of range, its value and what it may be; null where all are in range.</summary>
    public (string Option, object Found, string Expected)? FirstOutOfRange() =>
        MaxBodyBytes is < 1024 or > 1 << 30 ? (nameof(MaxBodyBytes), MaxBodyBytes, "from 1024 to 1073741824 bytes")
        : !WebServerOptions.IsConnectionCount(ConnectionsPerAddress) ? (nameof(ConnectionsPerAddress), ConnectionsPerAddress, FormattableString.Invariant($"from 1 to {WebServerOptions.MaxConnections}"))
        : AllowedOrigins.FirstOrDefault(origin => !IsOrigin(origin)) is { } wrong ? (nameof(AllowedOrigins), wrong, "a scheme, a host and a port that is not the scheme's own, such as https://app.example.com")
        : Token is null && !IPAddress.IsLoopback(Listen.Address) ? (nameof(Token), "none", $"a token, since {Listen} can be reached from other machines")
        : Scheduler.FirstOutOfRange();

    private static bool IsOrigin(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.GetLeftPart(UriPartial.Authority) == text;
}
