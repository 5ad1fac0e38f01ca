using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using SparkTrain.Http;

namespace SparkTrain.Dashboard;

/// <summary>Takes in events, deletes runs, and sends what is long: exports and news.</summary>
internal sealed class WriteEndpoints(EventStore store, ReadEndpoints reads, RequestBody body, CancellationToken stopping)
{
    // At most two pieces of news a second, and a sign of life where there are none.
    private static readonly TimeSpan NewsInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LifeInterval = TimeSpan.FromSeconds(15);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/events", async http =>
        {
            var result = store.AddBatch(await body.ReadAsync(http));
            await http.Response.WriteAsJsonAsync(result, Json.Options, http.RequestAborted);
        });
        routes.MapDelete(ReadEndpoints.RunPath + "{**id}", http => Delete(http, Question.RunOfPath(http, ReadEndpoints.RunPath)));
        routes.MapDelete(ReadEndpoints.OneRun, http => Delete(http, Question.Text(http, "run")));
        routes.MapRead("/api/live", LiveAsync);
        routes.MapRead("/api/export", ExportAsync);

        Task Delete(HttpContext http, string id)
        {
            if (!store.Delete(id)) throw new ApiException(StatusCodes.Status404NotFound, "There is no such run.");
            http.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }
    }

    private async Task LiveAsync(HttpContext http)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        http.Response.ContentType = "text/event-stream";
        if (ReadRoutes.AsksForHeadersOnly(http)) return;
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        long seen = store.Changes.Version;
        await http.Response.WriteAsync("retry: 2000\n: listening\n\n", ended.Token);
        try
        {
            while (true)
            {
                using var quiet = CancellationTokenSource.CreateLinkedTokenSource(ended.Token);
                quiet.CancelAfter(LifeInterval);
                try
                {
                    (seen, var runs) = await store.Changes.AfterAsync(seen, quiet.Token);
                    await http.Response.WriteAsync($"data: {JsonSerializer.Serialize(new { runs }, Json.Options)}\n\n", ended.Token);
                    await Task.Delay(NewsInterval, ended.Token);
                }
                catch (OperationCanceledException) when (!ended.IsCancellationRequested)
                {
                    await http.Response.WriteAsync(": alive\n\n", ended.Token);
                }
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
        }
    }

    private async Task ExportAsync(HttpContext http)
    {
        string format = Question.Text(http, "format", "csv");
        if (format is not ("csv" or "parquet")) throw Question.Refuse("format", "must be csv or parquet");
        using var connection = store.OpenReader();
        string run = reads.Require(connection, Question.Text(http, "run")).Run.Id;
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"run.{format}\"";
        if (format == "csv")
        {
            http.Response.ContentType = "text/csv; charset=utf-8";
            await PointExport.WriteCsvAsync(connection, run, http.Response.Body, http.RequestAborted);
            return;
        }
        // A Parquet file is written with seeks, which an answer cannot do.
        await using var file = new FileStream(Path.GetTempFileName(), FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
        await PointExport.WriteParquetAsync(connection, run, file, http.RequestAborted);
        file.Position = 0;
        http.Response.ContentType = "application/vnd.apache.parquet";
        http.Response.ContentLength = file.Length;
        await file.CopyToAsync(http.Response.Body, http.RequestAborted);
    }
}
