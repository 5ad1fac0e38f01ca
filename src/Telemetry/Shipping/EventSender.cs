using System.Net;
using System.Net.Http.Headers;
using SparkTrain.Input;

namespace SparkTrain.Telemetry;

/// <summary>Sends a journal to a server, batch by batch, and remembers how far. Used by one thread at a time.</summary>
public sealed class EventSender : IDisposable
{
    private readonly ShippingOptions options;
    private readonly string journal;
    private readonly HttpClient client;
    private Bookmark bookmark;

    /// <summary>Goes on where the last sender of this journal to this server left off.</summary>
    /// <param name="journal">events.jsonl of a run.</param>
    /// <param name="options">Where to and how.</param>
    /// <param name="handler">Takes the place of the network, in tests.</param>
    public EventSender(string journal, ShippingOptions options, HttpMessageHandler? handler = null)
    {
        (this.journal, this.options) = (journal, options);
        client = handler is null ? new() : new(handler);
        client.Timeout = options.Timeout;
        if (options.Token is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", options.Token);
        bookmark = Bookmark.Read(journal, options.Url.ToString());
    }

    /// <summary>Events that the server has taken from this sender.</summary>
    public long Sent { get; private set; }

    /// <summary>Events that the server refuses to take; they are in events.refused.jsonl beside the journal.</summary>
    public long Refused { get; private set; }

    /// <summary>Sends the next batch.</summary>
    /// <returns>False when there is nothing to send.</returns>
    /// <exception cref="HttpRequestException">The server is away or does not work; the same batch is sent again by the next call.</exception>
    /// <exception cref="IOException">The journal or its bookmark cannot be read or written.</exception>
    public async Task<bool> SendNextAsync(CancellationToken stop)
    {
        if (!File.Exists(journal)) return false;
        EventBatch batch;
        using (var file = RegularFile.OpenShared(journal))
            batch = EventBatch.Read(file, bookmark.Offset, options.BatchEvents, options.BatchBytes);
        if (batch.EndOffset == bookmark.Offset) return false;
        if (batch.Lines.Count > 0) await SendAsync(batch, 0, batch.Lines.Count, stop);
        bookmark = bookmark with { Offset = batch.EndOffset };
        bookmark.Write(journal);
        return true;
    }

    /// <summary>Closes connections.</summary>
    public void Dispose() => client.Dispose();

    // A batch that is refused as such is sent in halves, until the event that is at fault stands alone.
    private async Task SendAsync(EventBatch batch, int first, int count, CancellationToken stop)
    {
        var status = await PostAsync(batch.Body(first, count, options.Gzip), stop);
        if ((int)status is >= 200 and < 300)
        {
            Sent += count;
        }
        else if (status is not (HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnprocessableEntity))
        {
            throw new HttpRequestException($"the server answers {(int)status} ({status})", null, status);
        }
        else if (count > 1)
        {
            await SendAsync(batch, first, count / 2, stop);
            await SendAsync(batch, first + count / 2, count - count / 2, stop);
        }
        else
        {
            Refused++;
            using var refused = new FileStream(Path.ChangeExtension(journal, ".refused.jsonl"), FileMode.Append, FileAccess.Write);
            refused.Write([.. batch.Lines[first], (byte)'\n']);
        }
    }

    private async Task<HttpStatusCode> PostAsync(byte[] body, CancellationToken stop)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        if (options.Gzip) content.Headers.ContentEncoding.Add("gzip");
        try
        {
            using var answer = await client.PostAsync(options.Url, content, stop);
            // A redirection may turn a POST into a GET, whose answer says nothing of the events.
            if (answer.RequestMessage is { RequestUri: { } led } asked && asked.Method != HttpMethod.Post)
                throw new HttpRequestException($"the server leads elsewhere, to {led.Scheme}://{led.Authority}{led.AbsolutePath}; give that address");
            return answer.StatusCode;
        }
        catch (Exception e) when (!stop.IsCancellationRequested && e is OperationCanceledException or IOException or InvalidOperationException)
        {
            throw new HttpRequestException(e is OperationCanceledException ? $"the server did not answer within {options.Timeout.TotalSeconds:0.#} s" : e.Message, e);
        }
    }
}
