using System.Net;
using System.Text;

namespace SparkTrain.Serving.Tests;

public sealed class HostileTests
{
    private static CancellationToken Ends => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_body_that_is_too_long_is_413_announced_or_not()
    {
        await using var server = await TestServer.StartAsync(options: new() { MaxBodyBytes = 2000 });
        string body = $$"""{"prompt":"{{new string('a', 3000)}}"}""";
        await EndpointTests.Require(server.PostAsync(body), 413, null, "The body of the request is longer than this server takes.");
        using var unannounced = new HttpRequestMessage(HttpMethod.Post, "/v1/completions") { Content = new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")) };
        unannounced.Headers.TransferEncodingChunked = true;
        await EndpointTests.Require(server.Client.SendAsync(unannounced, Ends), 413, null, null);
        // A lie about terabytes takes no memory.
        string answer = await server.RawAsync([.. "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9999999999999\r\n\r\n{"u8]);
        Assert.StartsWith("HTTP/1.1 413 ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deep_JSON_and_bytes_that_are_no_UTF8_are_400()
    {
        await using var server = await TestServer.StartAsync();
        await EndpointTests.Require(server.PostAsync($$"""{"prompt":{{new string('[', 100_000)}}{{new string(']', 100_000)}}}"""), 400, null, null);
        using var content = new ByteArrayContent([.. "{\"prompt\":\""u8, 0xC3, 0x28, 0xFF, .. "\"}"u8]) { Headers = { ContentType = new("application/json") } };
        await EndpointTests.Require(server.Client.PostAsync("/v1/completions", content, Ends), 400, null, "The body is not UTF-8.");
        using var packed = new StringContent("""{"prompt":"a"}""", Encoding.UTF8, "application/json");
        packed.Headers.ContentEncoding.Add("gzip");
        await EndpointTests.Require(server.Client.PostAsync("/v1/completions", packed, Ends), 415, "unsupported_encoding", "The body must not be compressed.");
    }

    [Theory]
    [InlineData("GARBAGE\r\n\r\n", "HTTP/1.1 400 ")]
    [InlineData("GET /health HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ")]                                               // no Host
    [InlineData("GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 ")]
    [InlineData("GET /health HTTP/1.0\r\n\r\n", "HTTP/1.1 403 ")]                                               // a Host of nothing is no loopback name
    [InlineData("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n0\r\n\r\n", "HTTP/1.1 400 ")]
    public async Task Requests_that_break_HTTP_are_answered_and_closed(string request, string answer)
    {
        await using var server = await TestServer.StartAsync();
        Assert.StartsWith(answer, await server.RawAsync(Encoding.ASCII.GetBytes(request)), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/health", Ends)).StatusCode);
    }

    [Fact]
    public async Task Headers_without_end_and_lines_without_end_are_cut_off()
    {
        await using var server = await TestServer.StartAsync();
        Assert.StartsWith("HTTP/1.1 431 ", await server.RawAsync(Encoding.ASCII.GetBytes("GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + new string('a', 40_000))), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 414 ", await server.RawAsync(Encoding.ASCII.GetBytes("GET /" + new string('a', 20_000))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET /health HTTP/1.1\r\nHost: local")]
    [InlineData("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"prompt\"")]
    public async Task Requests_that_come_too_slowly_are_408_and_closed(string part)
    {
        await using var server = await TestServer.StartAsync(options: new() { SlowRequest = TimeSpan.FromSeconds(1.5) });
        Assert.StartsWith("HTTP/1.1 408 ", await server.RawAsync(Encoding.ASCII.GetBytes(part)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Random_bodies_and_cut_ones_never_break_the_server()
    {
        await using var server = await TestServer.StartAsync();
        var random = new Random(3);
        byte[] good = [.. """{"model":"fake","prompt":["a","b"],"max_tokens":2,"stop":["x"],"logprobs":1,"echo":true,"stream":false,"seed":5}"""u8];
        for (int i = 0; i < 300; i++)
        {
            byte[] body = i % 2 == 0 ? good[..random.Next(good.Length)] : [.. good];
            for (int flip = 0; flip < i % 4 && body.Length > 0; flip++) body[random.Next(body.Length)] = (byte)random.Next(256);
            using var content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } };
            using var response = await server.Client.PostAsync("/v1/completions", content, Ends);
            Assert.Contains((int)response.StatusCode, (int[])[200, 400, 404]);
        }
        Assert.DoesNotContain("failed", server.Log, StringComparison.Ordinal);
        server.RequireFree();
    }
}
