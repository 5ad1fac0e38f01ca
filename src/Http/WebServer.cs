using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SparkTrain.Http;

/// <summary>Makes the web server of every program here: HTTP/1.1 without a file of settings, with bounds for whatever clients send.</summary>
public static class WebServer
{
    private const int MaxHeaderBytes = 16 << 10;
    private const double BodyBytesPerSecond = 240;
    private static readonly TimeSpan LastWrites = TimeSpan.FromSeconds(5);

    /// <summary>Makes a server that does not listen yet and has no routes.</summary>
    /// <param name="options">How it listens.</param>
    /// <param name="log">Is told, each in a line, what the server has to say.</param>
    public static WebApplication Create(WebServerOptions options, WebLog log)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRoutingCore();
        // Signals are the program's.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = LastWrites);
        builder.Logging.AddProvider(new WebLogProvider(log)).SetMinimumLevel(LogLevel.Warning).AddFilter(WebLogProvider.BadRequests, LogLevel.Debug);
        var connections = new ConnectionLimit(options.ConnectionsPerAddress, log);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
            kestrel.Limits.MaxConcurrentConnections = WebServerOptions.MaxConnections;
            kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
            kestrel.Limits.RequestHeadersTimeout = options.SlowRequest;
            kestrel.Limits.MinRequestBodyDataRate = new(BodyBytesPerSecond, options.SlowRequest);
            kestrel.Listen(options.Listen, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(next => connection => connections.RunAsync(connection, next));
            });
        });
        return builder.Build();
    }

    /// <summary>Returns where a server that has been started listens: the port is a real one.</summary>
    public static Uri AddressOf(WebApplication application) => new(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
