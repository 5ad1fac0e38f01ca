using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace SparkTrain.Dashboard;

/// <summary>Sends whatever goes wrong as {"error": …}, and the headers that every answer has.</summary>
internal sealed partial class ErrorAnswers(ILogger log)
{
    // Scripts and styles of the page's own files only; nothing inline, nothing from elsewhere, no frame.
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public async Task HandleAsync(HttpContext http, Func<Task> next)
    {
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = "no-cache";
        try
        {
            await next();
            if (http.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null }) await SendAsync(http, http.Response.StatusCode, ReasonPhrases.GetReasonPhrase(http.Response.StatusCode));
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
        }
        catch (ApiException e)
        {
            await SendAsync(http, e.Status, e.Message);
        }
        catch (InvalidBatchException e)
        {
            await SendAsync(http, e.IsTooLarge ? StatusCodes.Status413PayloadTooLarge : StatusCodes.Status400BadRequest, e.Message);
        }
        catch (BadHttpRequestException e)
        {
            await SendAsync(http, e.StatusCode, e.StatusCode == StatusCodes.Status413PayloadTooLarge ? "The body of the request is longer than this server takes." : "The request could not be read: " + e.Message);
        }
        catch (Exception e)
        {
            LogFailure(log, e, http.Request.Method, http.Request.Path);
            await SendAsync(http, StatusCodes.Status500InternalServerError, "The server failed; its log says how.");
        }
    }

    private static async Task SendAsync(HttpContext http, int status, string message)
    {
        // An answer that has begun cannot take back its status: the connection breaks, so that nobody takes half of it for the whole.
        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }
        http.Response.StatusCode = status;
        await http.Response.WriteAsJsonAsync(new { error = message }, Json.Options);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private static partial void LogFailure(ILogger log, Exception exception, string method, PathString path);
}
