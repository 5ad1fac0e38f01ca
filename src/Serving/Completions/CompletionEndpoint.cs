using System.Diagnostics;
using System.Net.Mime;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Serilog;
using SparkTrain.Http;

namespace SparkTrain.Serving;

/// <summary>Answers <c>POST /v1/completions</c>, whole or as a stream of server-sent events.</summary>
internal sealed class CompletionEndpoint(ServedModel model, BatchScheduler scheduler, ServingOptions options, ServingCounters counters, ILogger log, WebLog webLog)
{
    private static readonly byte[] EventBegin = [.. "data: "u8], EventEnd = [.. "\n\n"u8], Done = [.. "data: [DONE]\n\n"u8];

    private readonly PromptTokens prompts = new(model, options.Scheduler);
    private readonly RequestBody body = new(options.MaxBodyBytes, unpacksGzip: false, webLog);
    private readonly TokenText tokenText = new(model.Tokenizer);

    public async Task AnswerAsync(HttpContext http)
    {
        long start = Stopwatch.GetTimestamp();
        string id = "cmpl-" + RandomNumberGenerator.GetHexString(24, lowercase: true);
        http.Response.Headers["x-request-id"] = id;
        GenerationJob? job = null;
        CompletionAnswer? answer = null;
        try
        {
            RequireJson(http.Request);
            var request = CompletionRequestReader.Read(await body.ReadAsync(http));
            job = scheduler.Submit(prompts.Prepare(request, http.RequestAborted));
            answer = new CompletionAnswer(request, job, model.Tokenizer);
            var json = new CompletionJson(id, DateTimeOffset.UtcNow, model.Name, tokenText);
            var first = request.Stream ? await StreamAsync(http, request, job, answer, json, start) : await WholeAsync(http, job, answer, json, start);
            counters.AddAnswered(Stopwatch.GetElapsedTime(start));
            log.Information(ServingEvents.Completed, id, http.Response.StatusCode, request.Prompts.Count, answer.PromptTokens, request.Prompts.Count * request.Choices, answer.Tokens, first.TotalSeconds, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Who is counted as gone holds nothing any more.
            job?.Cancel();
            counters.AddCancelled();
            log.Information(ServingEvents.Left, id, answer?.Tokens ?? 0, Stopwatch.GetElapsedTime(start).TotalSeconds);
            throw;
        }
        catch (GenerationException e)
        {
            var error = ApiException.Of(e);
            log.Information(ServingEvents.Refused, id, error.Status, error.Code);
            if (!http.Response.HasStarted) throw error;
            // A stream that has begun says in its own words that it breaks off; there is no [DONE] then.
            await SendEventAsync(http, JsonText.Of(error));
        }
        catch (ApiException e) when (!e.IsLogged)
        {
            log.Information(ServingEvents.Refused, id, e.Status, e.Code);
            throw;
        }
        finally
        {
            job?.Cancel();
        }
    }

    // A page in a browser cannot send JSON to a foreign server without asking beforehand.
    private static void RequireJson(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase))
            throw new ApiException(StatusCodes.Status415UnsupportedMediaType, "The request must have the header Content-Type: application/json.", code: "unsupported_media_type");
    }

    private async Task<TimeSpan> WholeAsync(HttpContext http, GenerationJob job, CompletionAnswer answer, CompletionJson json, long start)
    {
        TimeSpan? first = null;
        await foreach (var piece in job.ReadAsync(http.RequestAborted))
        {
            first ??= Begun(start);
            answer.Collect(piece);
        }
        await JsonText.SendAsync(http, StatusCodes.Status200OK, json.Of(answer.Whole(), (answer.PromptTokens, answer.Tokens)));
        return first ?? TimeSpan.Zero;
    }

    private async Task<TimeSpan> StreamAsync(HttpContext http, CompletionRequest request, GenerationJob job, CompletionAnswer answer, CompletionJson json, long start)
    {
        TimeSpan? first = null;
        bool saysUsage = request.IncludeUsage == true;
        await foreach (var piece in job.ReadAsync(http.RequestAborted))
        {
            if (first is null)
            {
                first = Begun(start);
                http.Response.ContentType = "text/event-stream; charset=utf-8";
                http.Response.Headers.CacheControl = "no-cache";
                // nginx would collect pieces otherwise.
                http.Response.Headers["X-Accel-Buffering"] = "no";
            }
            await SendEventAsync(http, json.Of([answer.Add(piece)], saysNoUsage: saysUsage));
        }
        if (saysUsage) await SendEventAsync(http, json.Of([], (answer.PromptTokens, answer.Tokens)));
        await http.Response.Body.WriteAsync(Done, http.RequestAborted);
        return first ?? TimeSpan.Zero;
    }

    private static async Task SendEventAsync(HttpContext http, ReadOnlyMemory<byte> json)
    {
        byte[] bytes = [.. EventBegin, .. json.Span, .. EventEnd];
        await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }

    private TimeSpan Begun(long start)
    {
        var time = Stopwatch.GetElapsedTime(start);
        counters.AddBegun(time);
        return time;
    }
}
