using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ILogger = Serilog.ILogger;

namespace SparkTrain.Serving;

/// <summary>An HTTP server that continues texts, with the interface of OpenAI's completions.</summary>
public sealed class CompletionServer : IAsyncDisposable
{
    // Idle ones included; more would wait in the system's own queue.
    private const int MaxConnections = 1024;
    private const int MaxHeaderBytes = 16 << 10;
    private const double BodyBytesPerSecond = 240;
    private static readonly TimeSpan LastWrites = TimeSpan.FromSeconds(5);

    private readonly WebApplication application;
    private readonly BatchScheduler scheduler;
    private readonly ILogger log;

    private CompletionServer(WebApplication application, BatchScheduler scheduler, ServingCounters counters, ILogger log) =>
        (this.application, this.scheduler, Counters, this.log) = (application, scheduler, counters, log);

    /// <summary>Where it listens: the port is a real one.</summary>
    public Uri Address => new(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    /// <summary>What it has done.</summary>
    public ServingCounters Counters { get; }

    /// <summary>What it holds now.</summary>
    public SchedulerLoad Load => scheduler.Load;

    /// <summary>Listens, and answers from then on.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">How.</param>
    /// <param name="log">Is told of every completion.</param>
    /// <param name="time">Measures how long readers are slow.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="IOException">The address is not one of this machine, or its port is taken or not allowed.</exception>
    public static async Task<CompletionServer> StartAsync(ServedModel model, ServingOptions options, ILogger log, TimeProvider? time = null)
    {
        if (options.FirstOutOfRange() is var (option, found, expected)) throw new ArgumentException($"{option} is {found}; it must be {expected}", nameof(options));
        var counters = new ServingCounters();
        var scheduler = new BatchScheduler(model.Decoder, model.Tokenizer, options.Scheduler, counters, e => log.Error(e, ServingEvents.DecoderFailed), time);
        WebApplication? application = null;
        try
        {
            application = Build(options, log);
            Map(application, model, options, scheduler, counters, log);
            await application.StartAsync();
            return new(application, scheduler, counters, log);
        }
        catch
        {
            if (application is not null) await application.DisposeAsync();
            scheduler.Dispose();
            throw;
        }
    }

    /// <summary>Answers new requests with 503, finishes what it has taken on, and stops listening.</summary>
    /// <param name="limit">After this what is left is ended.</param>
    /// <returns>True where everything was finished.</returns>
    public async Task<bool> StopAsync(TimeSpan limit)
    {
        log.Information(ServingEvents.Stopping, Load.Active, Load.Waiting);
        bool isDone = await scheduler.DrainAsync(limit);
        if (!isDone) log.Warning(ServingEvents.CutOff, limit.TotalSeconds, Load.Active, Load.Waiting);
        // A step that is under way ends in its own time.
        await Task.Run(scheduler.Dispose);
        await application.StopAsync();
        return isDone;
    }

    /// <summary>Ends everything at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.Run(scheduler.Dispose);
        await application.DisposeAsync();
    }

    private static WebApplication Build(ServingOptions options, ILogger log)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRoutingCore();
        // Signals are the program's.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = LastWrites);
        builder.Logging.AddProvider(new WebServerLog(log));
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
            kestrel.Limits.RequestHeadersTimeout = options.SlowRequest;
            kestrel.Limits.MinRequestBodyDataRate = new(BodyBytesPerSecond, options.SlowRequest);
            kestrel.Listen(options.Listen, listen => listen.Protocols = HttpProtocols.Http1);
        });
        return builder.Build();
    }

    private static void Map(WebApplication application, ServedModel model, ServingOptions options, BatchScheduler scheduler, ServingCounters counters, ILogger log)
    {
        var (errors, access) = (new ErrorAnswers(counters, log), new AccessRules(options));
        var (completions, models, metrics) = (new CompletionEndpoint(model, scheduler, options.Scheduler, counters, log), new ModelList(model), new MetricsPage(scheduler, options.Scheduler, counters));
        application.Use((http, next) => errors.HandleAsync(http, () => access.Check(http) ? Task.CompletedTask : next(http)));
        application.UseRouting();
        application.MapPost(Paths.Completions, completions.AnswerAsync);
        application.MapPost(Paths.ChatCompletions, RefuseChat);
        application.MapGet(Paths.Models, models.ListAsync);
        application.MapGet(Paths.Models + "/{**name}", models.OneAsync);
        application.MapGet(Paths.Metrics, http =>
        {
            http.Response.ContentType = MetricsPage.ContentType;
            return http.Response.WriteAsync(metrics.Write());
        });
        application.MapGet(Paths.Health, http => JsonText.SendAsync(http, scheduler.IsStopping ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK,
            JsonText.Of(json =>
            {
                json.WriteStartObject();
                json.WriteString("status", scheduler.IsStopping ? "stopping" : "ok");
                json.WriteEndObject();
            })));
    }

    private static Task RefuseChat(HttpContext http) => throw new ApiException(StatusCodes.Status404NotFound,
        $"This server has no chat: a pretrained model has no chat template and no roles. Write the text that is to be continued, and post it to {Paths.Completions}.", code: "no_chat");

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
