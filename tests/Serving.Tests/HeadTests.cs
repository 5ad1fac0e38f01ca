using System.Net;

namespace SparkTrain.Serving.Tests;

/// <summary>HEAD is GET without a body (RFC 9110, 9.3.2).</summary>
public sealed class HeadTests
{
    private static CancellationToken Ends => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/health")]
    [InlineData("/metrics")]
    [InlineData("/v1/models")]
    [InlineData("/v1/models/fake")]
    [InlineData("/v1/models/none")]
    [InlineData("/none")]
    public async Task HEAD_has_the_status_and_headers_of_GET_and_no_body(string path)
    {
        await using var server = await TestServer.StartAsync();
        // The numbers of the page of metrics, and so its length, change with each request.
        (await server.Client.GetAsync(path, Ends)).Dispose();
        using var get = await server.Client.GetAsync(path, Ends);
        using var head = await server.Client.SendAsync(new(HttpMethod.Head, path), Ends);
        Assert.Equal(get.StatusCode, head.StatusCode);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(Ends));
        Assert.Equal(Headers(get), Headers(head));
        Assert.True(head.Content.Headers.ContentLength > 0);
    }

    [Fact]
    public async Task After_the_headers_comes_the_next_answer()
    {
        await using var server = await TestServer.StartAsync();
        string answers = await server.RawAsync("HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\nHEAD /v1/completions HTTP/1.1\r\nHost: localhost\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray());
        string[] parts = answers.Split("\r\n\r\n");
        Assert.Equal(["HTTP/1.1 200 OK", "HTTP/1.1 405 Method Not Allowed", "HTTP/1.1 200 OK"], parts[..3].Select(part => part.Split("\r\n")[0]));
        Assert.Equal("""{"status":"ok"}""", parts[3]);
    }

    [Fact]
    public async Task While_it_stops_health_is_503_to_GET_and_HEAD()
    {
        await using var server = await TestServer.StartAsync();
        using var gate = new Gate(server.Decoder);
        var running = server.CompleteAsync("""{"prompt":"a","max_tokens":2,"temperature":0}""");
        gate.WaitUntilClosed();
        var stopping = server.Server.StopAsync(TimeSpan.FromMinutes(1));
        foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head])
        {
            using var health = await server.Client.SendAsync(new(method, "/health"), Ends);
            Assert.Equal((HttpStatusCode.ServiceUnavailable, 21L), (health.StatusCode, health.Content.Headers.ContentLength));
        }
        gate.Open();
        await running;
        Assert.True(await stopping);
    }

    private static string[] Headers(HttpResponseMessage answer) =>
        [.. answer.Headers.Concat(answer.Content.Headers).Where(header => header.Key != "Date").Select(header => $"{header.Key}: {string.Join(", ", header.Value)}").Order()];
}
