using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using static SparkTrain.Dashboard.Tests.TestStore;

namespace SparkTrain.Dashboard.Tests;

/// <summary>HTTP itself: methods, packings, pages of lists, and whatever is no HTTP.</summary>
public sealed class WireTests
{
    private static CancellationToken Ends => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/")]
    [InlineData("/app.js")]
    [InlineData("/api/runs")]
    [InlineData("/api/runs/a")]
    [InlineData("/api/run?run=a")]
    [InlineData("/api/keys?run=a")]
    [InlineData("/api/series?run=a&key=loss")]
    [InlineData("/api/layers?run=a&key=loss")]
    [InlineData("/api/diff?runs=a,a")]
    [InlineData("/api/log?run=a")]
    [InlineData("/api/checkpoints?run=a")]
    [InlineData("/api/samples?run=a")]
    [InlineData("/api/export?run=a")]
    [InlineData("/api/export?run=a&format=parquet")]
    [InlineData("/api/runs/none")]
    [InlineData("/api/nothing")]
    public async Task HEAD_has_the_status_and_headers_of_GET_and_no_body(string path)
    {
        await using var server = await TestServer.StartAsync();
        await server.PostAsync(Metrics("a", 1, """{"loss":1}"""));
        using var get = await server.Client.GetAsync(path, Ends);
        using var head = await server.Client.SendAsync(new(HttpMethod.Head, path), Ends);
        Assert.Equal(get.StatusCode, head.StatusCode);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(Ends));
        Assert.Equal(get.Content.Headers.ContentType, head.Content.Headers.ContentType);
        Assert.Empty(server.Log);
    }

    [Fact]
    public async Task HEAD_of_the_news_ends()
    {
        await using var server = await TestServer.StartAsync();
        using var head = await server.Client.SendAsync(new(HttpMethod.Head, "/api/live"), Ends);
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (head.StatusCode, head.Content.Headers.ContentType!.ToString()));
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(Ends));
    }

    [Theory]
    [InlineData(1, "gzip")]
    [InlineData(1, "GZIP")]
    [InlineData(1, "x-gzip")]
    [InlineData(1, "X-GZip")]
    [InlineData(1, "identity, gzip")]
    [InlineData(1, " gzip ,, identity")]
    [InlineData(2, "gzip, gzip")]
    [InlineData(2, "gzip", "gzip")]
    [InlineData(0, "identity")]
    [InlineData(0, "Identity")]
    [InlineData(0, "")]
    public async Task Bodies_come_packed_by_gzip_under_any_of_its_names(int packings, params string[] headers)
    {
        await using var server = await TestServer.StartAsync();
        byte[] body = Batch(Metrics("a", 1, """{"loss":1}"""));
        for (int i = 0; i < packings; i++) body = Gzip(body);
        using var response = await PostAsync(server, body, headers);
        Assert.Equal("""{"accepted":1,"refused":[]}""", await response.Content.ReadAsStringAsync(Ends));
    }

    [Theory]
    [InlineData("br")]
    [InlineData("gzip, br")]
    [InlineData("gzip, gzip, gzip")]
    [InlineData("gzip;q=1")]
    public async Task Other_packings_are_415_and_name_what_is_taken(string header)
    {
        await using var server = await TestServer.StartAsync();
        using var response = await PostAsync(server, [1, 2, 3], header);
        Assert.Equal((HttpStatusCode.UnsupportedMediaType, "gzip"), (response.StatusCode, response.Headers.GetValues("Accept-Encoding").Single()));
    }

    [Theory]
    [InlineData("POST /api/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nx")]
    [InlineData("POST /api/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\nFFFFFFFFFFFFFFFF\r\nx")]
    [InlineData("POST /api/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nx")]
    [InlineData("POST /api/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nx")]
    [InlineData("GARBAGE\r\n\r\n")]
    [InlineData("GET /api/runs HTTP/1.1\r\n\r\n")]
    [InlineData("GET /api/runs HTTP/1.1\r\nHost: localhost\r\nA: \u0000\r\n\r\n")]
    public async Task What_is_no_HTTP_is_400_and_a_line_of_the_log(string request)
    {
        await using var server = await TestServer.StartAsync();
        Assert.StartsWith("HTTP/1.1 400 ", await RawAsync(server, request), StringComparison.Ordinal);
        Patience.Until(() => server.Log.Length > 0);
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/api/runs"));
        Assert.StartsWith("a request could not be read: ", Assert.Single(server.Log), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/log?run=a&before=%ED%A0%80-1")]
    [InlineData("/api/log?run=a&before=9223372036854775808-1")]
    [InlineData("/api/log?run=a&before=1-2-x")]
    [InlineData("/api/runs?before=x")]
    [InlineData("/api/runs?max=0")]
    [InlineData("/api/runs?max=1001")]
    [InlineData("/api/runs?max=1e3")]
    [InlineData("/api/series?run=a&key=loss&low=1e999")]
    [InlineData("/api/series?run=a&key=loss&from=-1")]
    public async Task Wrong_parameters_are_400(string path)
    {
        await using var server = await TestServer.StartAsync();
        await server.PostAsync(Metrics("a", 1, """{"loss":1}"""));
        Assert.Equal(HttpStatusCode.BadRequest, await server.StatusAsync(path));
        Assert.Empty(server.Log);
    }

    [Theory]
    [InlineData("/api/series?run=a&key=loss&x=tokens&low=1e300&high=1e308")]
    [InlineData("/api/series?run=a&key=loss&x=time&low=-1e308&high=1e308")]
    [InlineData("/api/series?run=a&key=loss&x=step&low=-1e308&high=1e308")]
    [InlineData("/api/series?run=a&key=%ED%A0%80")]
    [InlineData("/api/samples?run=a&prompt=%ED%A0%80%00")]
    public async Task Odd_parameters_are_answered(string path)
    {
        await using var server = await TestServer.StartAsync();
        await server.PostAsync(Metrics("a", 1, """{"loss":1,"tokens":5}"""));
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync(path));
        Assert.Empty(server.Log);
    }

    [Fact]
    public async Task Runs_come_page_by_page_the_newest_first_and_by_name()
    {
        await using var server = await TestServer.StartAsync();
        // Two of each time.
        await server.PostAsync(Enumerable.Range(0, 10).Select(i => Event($$"""{"Run":"r{{i}}"}""", i / 2)));
        var pages = new List<string[]>();
        for (string cursor = ""; ;)
        {
            var page = (await server.GetAsync($"/api/runs?max=4&before={cursor}")).AsArray();
            if (page.Count == 0) break;
            pages.Add([.. page.Select(run => (string)run!["id"]!)]);
            cursor = (string)page[^1]!["cursor"]!;
        }
        Assert.Equal([["r9", "r8", "r7", "r6"], ["r5", "r4", "r3", "r2"], ["r1", "r0"]], pages);
        Assert.Equal(10, (await server.GetAsync("/api/runs")).AsArray().Count);
        Assert.Equal(["r3", "r7"], (await server.GetAsync("/api/runs?run=r3&run=none&run=r7")).AsArray().Select(run => (string)run!["id"]!));
    }

    [Fact]
    public async Task A_page_of_runs_is_at_most_a_thousand()
    {
        await using var server = await TestServer.StartAsync();
        await server.PostAsync(Enumerable.Range(0, 1001).Select(i => Event($$"""{"Run":"r{{i}}"}""", i)));
        var page = (await server.GetAsync("/api/runs")).AsArray();
        Assert.Equal((1000, "r1000", "r1"), (page.Count, (string)page[0]!["id"]!, (string)page[^1]!["id"]!));
    }

    [Fact]
    public async Task A_connection_too_many_of_one_address_is_refused()
    {
        await using var server = await TestServer.StartAsync(new() { ConnectionsPerAddress = 1 });
        using var slow = new TcpClient();
        await slow.ConnectAsync(IPAddress.Loopback, server.Server.Address.Port, Ends);
        await slow.GetStream().WriteAsync("GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), Ends);
        Assert.True(await slow.GetStream().ReadAsync(new byte[100], Ends) > 0);
        Assert.StartsWith("HTTP/1.1 429 Too Many Requests\r\n", await RawAsync(server, ""), StringComparison.Ordinal);
        Assert.Equal("warning: 127.0.0.1 has 1 connections open, as many as one address may: further ones are refused", Assert.Single(server.Log));
    }

    private static async Task<HttpResponseMessage> PostAsync(TestServer server, byte[] body, params string[] encodings)
    {
        using var content = new ByteArrayContent(body);
        foreach (string encoding in encodings) content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        return await server.Client.PostAsync("/api/events", content, Ends);
    }

    private static async Task<string> RawAsync(TestServer server, string request)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.Server.Address.Port, Ends);
        await socket.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request), Ends);
        using var reader = new StreamReader(socket.GetStream());
        return await reader.ReadToEndAsync(Ends).WaitAsync(TimeSpan.FromSeconds(20), Ends);
    }

    private static byte[] Gzip(byte[] body)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionMode.Compress)) gzip.Write(body);
        return packed.ToArray();
    }
}
