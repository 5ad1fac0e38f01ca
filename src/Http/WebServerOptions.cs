using System.Net;

namespace SparkTrain.Http;

/// <summary>How a server listens, and what it takes on at most, so that no client can take all of it.</summary>
public sealed record WebServerOptions
{
    /// <summary>Connections at a time, idle ones included; more are closed.</summary>
    public const int MaxConnections = 1024;

    /// <summary>Connections of one address where nothing is said: a quarter of all.</summary>
    public const int DefaultConnectionsPerAddress = MaxConnections / 4;

    /// <summary>Where it listens. Port 0 takes a free one.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Longest body of a request as it comes over the wire, in bytes.</summary>
    public long MaxBodyBytes { get; init; } = 1 << 16;

    /// <summary>Connections that one address may have open at a time.</summary>
    public int ConnectionsPerAddress { get; init; } = DefaultConnectionsPerAddress;

    /// <summary>Time that the headers of a request may take; its body must come at some hundred bytes a second after as long.</summary>
    public TimeSpan SlowRequest { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Returns whether a number of connections for one address can be used.</summary>
    public static bool IsConnectionCount(int count) => count is >= 1 and <= MaxConnections;
}
