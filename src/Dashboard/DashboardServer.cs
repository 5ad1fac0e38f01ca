using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SparkTrain.Dashboard;

/// <summary>The dashboard: takes in events over HTTP or by a call, and shows them in a page.</summary>
public sealed class DashboardServer : IAsyncDisposable
{
    private const int MaxConnections = 1024;
    private static readonly TimeSpan LastWrites = TimeSpan.FromSeconds(5);

    private readonly WebApplication application;
    private readonly EventStore store;
    private readonly CancellationTokenSource stopping;

    private DashboardServer(WebApplication application, EventStore store, CancellationTokenSource stopping) => (this.application, this.store, this.stopping) = (application, store, stopping);

    /// <summary>Where it listens: the port is a real one.</summary>
    public Uri Address => new(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    /// <summary>Opens the database, listens, and answers from then on.</summary>
    /// <exception cref="DashboardException">The options do not go together, the database cannot be opened, or the address is not to be had.</exception>
    public static async Task<DashboardServer> StartAsync(DashboardOptions options)
    {
        options.Require();
        var (store, stopping) = (new EventStore(options), new CancellationTokenSource());
        WebApplication? application = null;
        try
        {
            application = Build(options);
            Map(application, store, options, stopping.Token);
            await application.StartAsync();
            return new(application, store, stopping);
        }
        catch (Exception e)
        {
            if (application is not null) await application.DisposeAsync();
            store.Dispose();
            stopping.Dispose();
            if (e is IOException or SocketException)
                throw new DashboardException("the address to listen on", $"{options.Address}: {e.Message}", "an address of this machine and a free port", "choose another port, or end what listens there");
            throw;
        }
    }

    /// <summary>Adds events that stand one a line, as a run's folder has them. Those seen before change nothing.</summary>
    public IngestResult Ingest(ReadOnlySpan<byte> lines) => store.Add(lines);

    /// <summary>Ends what listens to news, finishes the other answers, and closes the database.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await application.StopAsync();
        await application.DisposeAsync();
        store.Dispose();
        stopping.Dispose();
    }

    private static WebApplication Build(DashboardOptions options)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRoutingCore();
        // Signals are the program's.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = LastWrites);
        builder.Logging.AddProvider(new ErrorLog());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.Limits.MaxBodyBytes;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            kestrel.Listen(options.Address, listen => listen.Protocols = HttpProtocols.Http1);
        });
        return builder.Build();
    }

    private static void Map(WebApplication application, EventStore store, DashboardOptions options, CancellationToken stopping)
    {
        var errors = new ErrorAnswers(application.Services.GetRequiredService<ILogger<ErrorAnswers>>());
        var access = new AccessRules(options.Token);
        application.Use((http, next) => errors.HandleAsync(http, () =>
        {
            access.Check(http);
            return next(http);
        }));
        application.UseRouting();
        var reads = new ReadEndpoints(store, new(options.Time, options.SilentAfter));
        reads.Map(application);
        new WriteEndpoints(store, reads, options.Limits, stopping).Map(application);
        PageFiles.Map(application);
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
