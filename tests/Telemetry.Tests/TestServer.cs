using System.IO.Compression;
using System.Net;
using System.Text.Json;

namespace SparkTrain.Telemetry.Tests;

/// <summary>Receives batches as a server behind a network would: what it has stored stays, whatever the sender hears of it.</summary>
internal sealed class TestServer : HttpMessageHandler
{
    private readonly Lock guard = new();

    /// <summary>Decides what becomes of a batch: its number from 0 on, and its events.</summary>
    public Func<int, JsonElement[], Answer> Decide { get; set; } = (_, _) => Answer.Store;

    /// <summary>How often each event was stored, by its sequence number.</summary>
    public Dictionary<long, int> Stored { get; } = [];

    public int Batches { get; private set; }

    public HttpRequestMessage? LastRequest { get; private set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        LastRequest = request;
        Stream body = await request.Content!.ReadAsStreamAsync(cancellationToken);
        if (request.Content.Headers.ContentEncoding.Contains("gzip")) body = new GZipStream(body, CompressionMode.Decompress);
        using var batch = await JsonDocument.ParseAsync(body, cancellationToken: cancellationToken);
        JsonElement[] events = [.. batch.RootElement.EnumerateArray()];
        Answer answer;
        lock (guard)
        {
            answer = Decide(Batches++, events);
            if (answer is Answer.Store or Answer.StoreAndLoseTheAnswer)
                foreach (var item in events)
                {
                    long sequence = item.GetProperty("Properties").GetProperty("Sequence").GetInt64();
                    Stored[sequence] = Stored.GetValueOrDefault(sequence) + 1;
                }
        }
        return answer switch
        {
            Answer.Store => new(HttpStatusCode.OK),
            Answer.Fail => new(HttpStatusCode.InternalServerError),
            Answer.Refuse => new(HttpStatusCode.BadRequest),
            Answer.Garbage => throw new HttpRequestException("Received an invalid status line: 'garbage'."),
            Answer.StoreAndLoseTheAnswer or Answer.Away => throw new HttpRequestException("Connection refused"),
            _ => throw new TaskCanceledException("it is slow"),
        };
    }
}

/// <summary>What becomes of a batch.</summary>
internal enum Answer
{
    Store,
    StoreAndLoseTheAnswer,
    Fail,
    Refuse,
    Garbage,
    Away,
    Slow,
}
