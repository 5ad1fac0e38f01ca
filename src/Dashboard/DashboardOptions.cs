using System.Net;
using SparkTrain.Http;

namespace SparkTrain.Dashboard;

/// <summary>Where the dashboard keeps its events, and how it listens.</summary>
public sealed record DashboardOptions
{
    /// <summary>The port where none is given.</summary>
    public const int DefaultPort = 8090;

    /// <summary>The database where none is given.</summary>
    public const string DefaultDatabase = "dashboard.db";

    /// <summary>The SQLite file with everything that was sent; made where there is none.</summary>
    public string Database { get; init; } = DefaultDatabase;

    /// <summary>Where it listens. Port 0 takes a free one.</summary>
    public IPEndPoint Address { get; init; } = new(IPAddress.Loopback, DefaultPort);

    /// <summary>What senders and readers must show; null asks for nothing, which only a loopback address may.</summary>
    public AccessToken? Token { get; init; }

    /// <summary>What it takes in at most.</summary>
    public DashboardLimits Limits { get; init; } = new();

    /// <summary>Connections that one address may have open at a time; further ones are refused.</summary>
    public int ConnectionsPerAddress { get; init; } = WebServerOptions.DefaultConnectionsPerAddress;

    /// <summary>Is given each line that the dashboard has to say; standard error where nothing is set.</summary>
    public Action<string> Log { get; init; } = Console.Error.WriteLine;

    /// <summary>After this without an event a run that has not ended is shown as silent.</summary>
    public TimeSpan SilentAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Tells the time; tests set it.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Refuses options that do not go together.</summary>
    /// <exception cref="DashboardException">An address that other machines reach has no token, or a number is out of range.</exception>
    public void Require()
    {
        if (Token is null && !IPAddress.IsLoopback(Address.Address))
            throw new DashboardException("the address to listen on", Address.ToString(), "a loopback address such as 127.0.0.1:8090, or a token", "give a token by --token-file FILE, or listen on 127.0.0.1");
        if (!WebServerOptions.IsConnectionCount(ConnectionsPerAddress))
            throw new DashboardException("--connections-per-address", FormattableString.Invariant($"{ConnectionsPerAddress}"), FormattableString.Invariant($"a number from 1 to {WebServerOptions.MaxConnections}"), "correct it");
    }
}
