using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace SparkTrain.Http;

/// <summary>Answers whatever goes wrong in the form of its server: what a client did wrong by its status, a fault of the server by 500 with its stack in the log.</summary>
/// <param name="send">Sends an error in the server's form; nothing of an answer has been sent then.</param>
/// <param name="log">Is told of faults of the server.</param>
public sealed class ErrorAnswers(Func<HttpContext, ApiException, Task> send, WebLog log)
{
    /// <summary>What stands in logs and counters for a client that has left; nginx has it.</summary>
    public const int ClientLeft = 499;

    // Long enough to let something else in, short enough not to be noticed.
    private const string RetrySeconds = "1";

    /// <summary>Words an answer without a body, such as 404 of routing; null takes the status' own name.</summary>
    public Func<HttpContext, ApiException?> Unanswered { get; init; } = _ => null;

    /// <summary>Runs the rest, and answers where it does not. Returns the status.</summary>
    public async Task<int> HandleAsync(HttpContext http, Func<Task> next)
    {
        http.Response.Headers.XContentTypeOptions = "nosniff";
        try
        {
            await next();
            if (http.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null })
                await SendAsync(http, Unanswered(http) ?? new(http.Response.StatusCode, ReasonPhrases.GetReasonPhrase(http.Response.StatusCode)));
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            return ClientLeft;
        }
        catch (ApiException e)
        {
            await SendAsync(http, e);
        }
        catch (Exception e)
        {
            log(LogLevel.Error, $"a {http.Request.Method} request failed", e);
            await SendAsync(http, new(StatusCodes.Status500InternalServerError, "The server failed; its log says how.", code: "internal_error"));
        }
        return http.Response.StatusCode;
    }

    private async Task SendAsync(HttpContext http, ApiException error)
    {
        // An answer that has begun cannot take back its status: the connection breaks, so that nobody takes half of it for the whole.
        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }
        if (error.Status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable) http.Response.Headers.RetryAfter = RetrySeconds;
        http.Response.StatusCode = error.Status;
        await send(http, error);
    }
}
