using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using SparkTrain.Http;

namespace SparkTrain.Dashboard;

/// <summary>The dashboard: takes in events over HTTP or by a call, and shows them in a page.</summary>
public sealed class DashboardServer : IAsyncDisposable
{
    // Scripts and styles of the page's own files only; nothing inline, nothing from elsewhere, no frame.
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private readonly WebApplication application;
    private readonly EventStore store;
    private readonly CancellationTokenSource stopping;

    private DashboardServer(WebApplication application, EventStore store, CancellationTokenSource stopping) => (this.application, this.store, this.stopping) = (application, store, stopping);

    /// <summary>Where it listens: the port is a real one.</summary>
    public Uri Address => WebServer.AddressOf(application);

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
    /// <exception cref="StoreUnavailableException">Nothing was stored: the disk is full, or the database is gone. The log says so.</exception>
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

    private static WebApplication Build(DashboardOptions options) => WebServer.Create(new()
    {
        Listen = options.Address, MaxBodyBytes = options.Limits.MaxBodyBytes, ConnectionsPerAddress = options.ConnectionsPerAddress,
    }, WebLog(options));

    private static void Map(WebApplication application, EventStore store, DashboardOptions options, CancellationToken stopping)
    {
        var log = WebLog(options);
        var errors = new ErrorAnswers((http, error) => http.Response.WriteAsJsonAsync(new { error = error.Message }, Json.Options), log);
        var access = new AccessRules
        {
            Token = options.Token, LoopbackNamesOnly = options.Token is null, AllowsOwnPage = true,
            // The page itself holds no data; it asks for them with the token.
            NeedsToken = path => path.StartsWithSegments("/api"),
            Advice = ("To serve under other names, start the dashboard with a token.", "Requests of other web pages are refused.", "In a browser, open the link that ends in #token=TOKEN."),
        };
        application.Use((http, next) =>
        {
            AddHeaders(http.Response.Headers);
            return errors.HandleAsync(http, () => access.Check(http) ? Task.CompletedTask : AnswerAsync(store, () => next(http)));
        });
        application.UseRouting();
        var reads = new ReadEndpoints(store, new(options.Time, options.SilentAfter));
        reads.Map(application);
        new WriteEndpoints(store, reads, new(options.Limits.MaxUnpackedBytes, unpacksGzip: true, log), stopping).Map(application);
        PageFiles.Map(application);
    }

    // What the store says is worded as an answer here.
    private static async Task AnswerAsync(EventStore store, Func<Task> next)
    {
        try
        {
            await next();
        }
        catch (InvalidBatchException e)
        {
            throw new ApiException(e.IsTooLarge ? StatusCodes.Status413PayloadTooLarge : StatusCodes.Status400BadRequest, e.Message);
        }
        catch (SqliteException e) when (StoreUnavailableException.IsOfFile(e))
        {
            throw Unavailable(store, new($"the database cannot be read: {e.Message}", e));
        }
        catch (StoreUnavailableException e)
        {
            throw Unavailable(store, e);
        }
    }

    private static ApiException Unavailable(EventStore store, StoreUnavailableException e)
    {
        store.Tell(e);
        return new(StatusCodes.Status503ServiceUnavailable, e.Message);
    }

    private static void AddHeaders(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = Policy;
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = "no-cache";
    }

    private static WebLog WebLog(DashboardOptions options) => (level, message, exception) =>
        options.Log($"{level switch { LogLevel.Information => "", LogLevel.Warning => "warning: ", _ => "error: " }}{message}{(exception is null ? "" : "\n" + exception)}");
}
