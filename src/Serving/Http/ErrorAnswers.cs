using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Serilog;

namespace SparkTrain.Serving;

/// <summary>Sends whatever goes wrong in OpenAI's shape, and counts answers.</summary>
internal sealed class ErrorAnswers(ServingCounters counters, ILogger log)
{
    // What nginx writes into its log for a client that has left.
    private const int ClientLeft = 499;

    // Long enough to let something else in, short enough not to be noticed.
    private const string RetrySeconds = "1";

    public async Task HandleAsync(HttpContext http, Func<Task> next)
    {
        http.Response.Headers.XContentTypeOptions = "nosniff";
        bool hasLeft = false;
        try
        {
            await next();
            if (http.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null }) await SendAsync(http, Unanswered(http));
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            hasLeft = true;
        }
        catch (ApiException e)
        {
            await SendAsync(http, e);
        }
        catch (BadHttpRequestException e)
        {
            await SendAsync(http, new ApiException(e.StatusCode, e.StatusCode == StatusCodes.Status413PayloadTooLarge ? "The body of the request is longer than this server takes." : "The request could not be read: " + e.Message));
        }
        catch (Exception e)
        {
            log.Error(e, ServingEvents.RequestFailed, http.Request.Method);
            await SendAsync(http, new ApiException(StatusCodes.Status500InternalServerError, "The server failed; its log says how.", code: "internal_error"));
        }
        finally
        {
            counters.AddRequest(hasLeft ? ClientLeft : http.Response.StatusCode);
        }
    }

    private static async Task SendAsync(HttpContext http, ApiException error)
    {
        // An answer that has begun cannot take back its status: the connection breaks, so that nobody takes half of it for the whole.
        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }
        if (error.Status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable) http.Response.Headers.RetryAfter = RetrySeconds;
        await JsonText.SendAsync(http, error.Status, JsonText.Of(error));
    }

    private static ApiException Unanswered(HttpContext http) => http.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => new(StatusCodes.Status404NotFound, $"There is no such path. There are {Paths.Completions}, {Paths.Models}, {Paths.Health} and {Paths.Metrics}.", code: "unknown_url"),
        StatusCodes.Status405MethodNotAllowed => new(StatusCodes.Status405MethodNotAllowed, $"This path takes {http.Response.Headers.Allow} only.", code: "method_not_allowed"),
        var status => new(status, ReasonPhrases.GetReasonPhrase(status)),
    };
}
