using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SparkTrain.Http;
using ILogger = Serilog.ILogger;

namespace SparkTrain.Serving;

/// <summary>An HTTP server that continues texts, with the interface of OpenAI's completions.</summary>
public sealed class CompletionServer : IAsyncDisposable
{
    private readonly WebApplication application;
    private readonly BatchScheduler scheduler;
    private readonly ILogger log;

    private CompletionServer(WebApplication application, BatchScheduler scheduler, ServingCounters counters, ILogger log) =>
        (this.application, this.scheduler, Counters, this.log) = (application, scheduler, counters, log);

    /// <summary>Where it listens: the port is a real one.</summary>
    public Uri Address => WebServer.AddressOf(application);

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
            application = Build(options, WebLog(log));
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

    private static WebLog WebLog(ILogger log) => (level, message, exception) => log.Write(level switch
    {
        LogLevel.Information => Serilog.Events.LogEventLevel.Information,
        LogLevel.Warning => Serilog.Events.LogEventLevel.Warning,
        _ => Serilog.Events.LogEventLevel.Error,
    }, exception, ServingEvents.WebServer, message);

    private static WebApplication Build(ServingOptions options, WebLog log) => WebServer.Create(new()
    {
        Listen = options.Listen, MaxBodyBytes = options.MaxBodyBytes, ConnectionsPerAddress = options.ConnectionsPerAddress, SlowRequest = options.SlowRequest,
    }, log);

    private static void Map(WebApplication application, ServedModel model, ServingOptions options, BatchScheduler scheduler, ServingCounters counters, ILogger log)
    {
        var errors = new ErrorAnswers((http, error) => JsonText.SendAsync(http, error.Status, JsonText.Of(error)), WebLog(log)) { Unanswered = Unanswered };
        var access = new AccessRules
        {
            Token = options.Token, LoopbackNamesOnly = options.Token is null, AllowedOrigins = options.AllowedOrigins,
            // Load balancers ask after the health of a server whose token they do not have.
            NeedsToken = path => path != Paths.Health,
            Advice = ("To serve under other names, start the server with a token.", "Requests of web pages are refused, unless the server is started with --allow-origin and theirs.", ""),
        };
        var (completions, models, metrics) = (new CompletionEndpoint(model, scheduler, options, counters, log, WebLog(log)), new ModelList(model), new MetricsPage(scheduler, options.Scheduler, counters));
        application.Use(async (http, next) => counters.AddRequest(await errors.HandleAsync(http, () => access.Check(http) ? Task.CompletedTask : next(http))));
        application.UseRouting();
        application.MapPost(Paths.Completions, completions.AnswerAsync);
        application.MapPost(Paths.ChatCompletions, RefuseChat);
        application.MapRead(Paths.Models, models.ListAsync);
        application.MapRead(Paths.Models + "/{**name}", models.OneAsync);
        application.MapRead(Paths.Metrics, metrics.AnswerAsync);
        application.MapRead(Paths.Health, http => JsonText.SendAsync(http, scheduler.IsStopping ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK,
            JsonText.Of(json =>
            {
                json.WriteStartObject();
                json.WriteString("status", scheduler.IsStopping ? "stopping" : "ok");
                json.WriteEndObject();
            })));
    }

    private static ApiException? Unanswered(HttpContext http) => http.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => new(StatusCodes.Status404NotFound, $"There is no such path. There are {Paths.Completions}, {Paths.Models}, {Paths.Health} and {Paths.Metrics}.", code: "unknown_url"),
        StatusCodes.Status405MethodNotAllowed => new(StatusCodes.Status405MethodNotAllowed, $"This path takes {http.Response.Headers.Allow} only.", code: "method_not_allowed"),
        _ => null,
    };

    private static Task RefuseChat(HttpContext http) => throw new ApiException(StatusCodes.Status404NotFound,
        $"This server has no chat: a pretrained model has no chat template and no roles. Write the text that is to be continued, and post it to {Paths.Completions}.", code: "no_chat");
}
