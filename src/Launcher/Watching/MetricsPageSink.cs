using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Serilog.Core;
using Serilog.Events;
using SparkTrain.Configuration;
using SparkTrain.Native;
using SparkTrain.Telemetry;

namespace SparkTrain.Launcher.Watching;

/// <summary>Serves the newest numbers of a run at <c>/metrics</c> while it trains, for Prometheus.</summary>
internal sealed class MetricsPageSink : ILogEventSink, IDisposable
{
    private readonly MetricsGauge gauge;
    private readonly WebApplication server;

    private MetricsPageSink(MetricsGauge gauge, WebApplication server) => (this.gauge, this.server) = (gauge, server);

    /// <summary>Listens.</summary>
    /// <param name="address">ADDRESS:PORT.</param>
    /// <param name="run">The run's name.</param>
    /// <exception cref="ConfigurationException">It is no address.</exception>
    /// <exception cref="EnvironmentException">It cannot be listened on.</exception>
    public static MetricsPageSink Start(string address, string run)
    {
        if (!IPEndPoint.TryParse(address, out var endpoint) || endpoint.Port == 0)
            throw new ConfigurationException($"Logging.Prometheus: it is \"{address}\".\n  expected: ADDRESS:PORT, such as 127.0.0.1:9464\n  do: correct it");
        var gauge = new MetricsGauge(run);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRoutingCore();
        // Signals are the program's.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(endpoint);
        });
        var server = builder.Build();
        server.MapGet("/metrics", () => Results.Text(gauge.Write(), MetricsGauge.ContentType));
        try
        {
            server.Start();
            return new(gauge, server);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or UnauthorizedAccessException)
        {
            server.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw new EnvironmentException($"Logging.Prometheus {address}", e.Message.TrimEnd('.'), "an address of this machine and a port that is free and that you may use", "choose another, or null for no page", e);
        }
    }

    /// <inheritdoc/>
    public void Emit(LogEvent logEvent) => gauge.Emit(logEvent);

    /// <summary>Stops listening.</summary>
    public void Dispose() => server.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
