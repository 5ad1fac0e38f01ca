using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Serilog.Core;
using Serilog.Events;
using SparkTrain.Configuration;
using SparkTrain.Http;
using SparkTrain.Input;
using SparkTrain.Native;
using SparkTrain.Telemetry;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Watching;

/// <summary>Serves the newest numbers of a run at <c>/metrics</c> while it trains, for Prometheus. It asks for no token, so it answers no page in a browser, and on loopback only requests that name it by a loopback name.</summary>
internal sealed class MetricsPageSink : ILogEventSink, IDisposable
{
    private const string Path = "/metrics";

    private readonly MetricsGauge gauge;
    private readonly WebApplication server;

    private MetricsPageSink(MetricsGauge gauge, WebApplication server) => (this.gauge, this.server) = (gauge, server);

    /// <summary>Where it listens.</summary>
    public Uri Address => WebServer.AddressOf(server);

    /// <summary>Listens.</summary>
    /// <param name="address">ADDRESS:PORT.</param>
    /// <param name="run">The run's name.</param>
    /// <param name="terminal">Takes warnings of the web server.</param>
    /// <exception cref="ConfigurationException">It is no address.</exception>
    /// <exception cref="EnvironmentException">It cannot be listened on.</exception>
    public static MetricsPageSink Start(string address, string run, Terminal terminal)
    {
        if (!IPEndPoint.TryParse(address, out var endpoint) || endpoint.Port == 0)
            throw new ConfigurationException("Logging.Prometheus", $"it is \"{address}\"", "ADDRESS:PORT, such as 127.0.0.1:9464", "correct it");
        return Start(endpoint, address, run, terminal);
    }

    /// <summary>Listens; port 0 takes a free one.</summary>
    /// <exception cref="EnvironmentException">It cannot be listened on.</exception>
    internal static MetricsPageSink Start(IPEndPoint endpoint, string address, string run, Terminal terminal)
    {
        var gauge = new MetricsGauge(run, MetricDescriptions.All);
        var server = WebServer.Create(new() { Listen = endpoint }, Log);
        var errors = new ErrorAnswers((http, error) => SendAsync(http, "text/plain; charset=utf-8", error.Message + "\n"), Log);
        var access = new AccessRules
        {
            LoopbackNamesOnly = IPAddress.IsLoopback(endpoint.Address),
            Advice = ("To serve under other names, listen on another address.", "Requests of web pages are refused.", ""),
        };
        server.Use((http, next) => errors.HandleAsync(http, () => access.Check(http) ? Task.CompletedTask : next(http)));
        server.UseRouting();
        server.MapRead(Path, http => SendAsync(http, MetricsGauge.ContentType, gauge.Write()));
        try
        {
            server.StartAsync().GetAwaiter().GetResult();
            return new(gauge, server);
        }
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException)
        {
            server.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw new EnvironmentException($"Logging.Prometheus {address}", e.Reason(), "an address of this machine and a port that is free and that you may use", "choose another, or null for no page", e);
        }

        void Log(LogLevel level, string message, Exception? exception) => terminal.Error.WriteLine($"Logging.Prometheus: {message}{(exception is null ? "" : "\n" + exception)}");
    }

    /// <inheritdoc/>
    public void Emit(LogEvent logEvent) => gauge.Emit(logEvent);

    /// <summary>Stops listening.</summary>
    public void Dispose() => server.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private static async Task SendAsync(HttpContext http, string type, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        (http.Response.ContentType, http.Response.ContentLength) = (type, bytes.Length);
        await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
    }
}
