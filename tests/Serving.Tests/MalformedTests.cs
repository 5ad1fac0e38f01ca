using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SparkTrain.Serving.Tests;

/// <summary>Whatever a client sends that is no HTTP, no JSON or no Unicode is its own fault: 400, a line of the log, never 500 or a stack.</summary>
public sealed class MalformedTests
{
    private const string Post = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    private static CancellationToken Ends => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("FFFFFFFFFFFFFFFF\r\nx")]
    [InlineData("7FFFFFFFFFFFFFFF\r\nx")]
    [InlineData("80000000\r\nx")]
    [InlineData("FFFFFFFF\r\nx")]
    [InlineData("100000000\r\nx")]
    [InlineData("ZZ\r\nx")]
    [InlineData("-1\r\nx")]
    [InlineData("\r\nx")]
    [InlineData(" 1\r\nx")]
    [InlineData("0x1\r\nx")]
    [InlineData("1\r\nxy\r\n0\r\n\r\n")]
    [InlineData("1;a=\rb\r\nx\r\n0\r\n\r\n")]
    public async Task A_bad_chunk_is_400_and_a_line(string chunks)
    {
        await using var server = await TestServer.StartAsync();
        await RequireBadRequest(server, Post + chunks);
    }

    [Theory]
    [InlineData("GARBAGE\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003\r\n\r\n")]                      // TLS
    [InlineData("GET / HTTP/9.9\r\n\r\n", "505")]
    [InlineData("GET /\u0000 HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("GET /health HTTP/1.1\r\nHost: localhost\r\nNo colon\r\n\r\n")]
    [InlineData("GET /health HTTP/1.1\r\nHost: localhost\r\nA: \u0000\r\n\r\n")]
    [InlineData("GET /health HTTP/1.1\r\nHost: localhost\r\nA: b\r\n folded\r\n\r\n")]
    [InlineData("GET /health HTTP/1.1\r\nHost: local host\r\n\r\n")]
    [InlineData("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n")]
    [InlineData("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")]
    public async Task What_is_no_HTTP_is_refused_by_a_line(string request, string status = "400")
    {
        await using var server = await TestServer.StartAsync();
        await RequireBadRequest(server, request, status);
    }

    [Theory]
    [InlineData("""{"\ud800":1,"prompt":"a"}""")]
    [InlineData("""{"\udc00\ud800":1,"prompt":"a"}""")]
    [InlineData("""{"prompt":"\ud800"}""")]
    [InlineData("""{"prompt":["a","b\udfff"]}""")]
    [InlineData("""{"prompt":"a","stop":"\ud83d"}""")]
    [InlineData("""{"prompt":"a","stop":["\ude00"]}""")]
    [InlineData("""{"prompt":"a","model":"\ud800"}""")]
    [InlineData("""{"prompt":"a","user":"\ud800"}""")]
    [InlineData("""{"prompt":"a","suffix":"\ud800"}""")]
    [InlineData("""{"prompt":"a","logit_bias":{"\ud800":0}}""")]
    [InlineData("""{"prompt":"a","metadata":{"\ud800":"x"}}""")]
    [InlineData("""{"prompt":"a","stream":true,"stream_options":{"\ud800":true}}""")]
    [InlineData("""{"prompt":"a","response_format":{"type":"\ud800"}}""")]
    [InlineData("""{"prompt":"a","service_tier":"\ud800"}""")]
    public async Task Half_of_a_surrogate_pair_is_400_wherever_it_stands(string body)
    {
        await using var server = await TestServer.StartAsync();
        await EndpointTests.Require(server.PostAsync(body), 400, null, null);
        string line = Assert.Single(server.Log.Split('\n'));
        Assert.Contains(" 400 ", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_cuts_no_character_in_two()
    {
        await using var server = await TestServer.StartAsync();
        string name = new string('a', 59) + "\U0001F600";
        await EndpointTests.Require(server.PostAsync($$"""{"{{name}}":1,"prompt":"a"}"""), 400, "unknown_field", $"There is no field '{new string('a', 59)}…'.");
        await EndpointTests.Require(server.PostAsync($$"""{"n":"{{new string('b', 58)}}{{"\U0001F600"}}"}"""), 400, null, null, "n");
    }

    [Fact]
    public async Task A_connection_too_many_of_one_address_is_refused_and_the_others_are_served()
    {
        await using var server = await TestServer.StartAsync(options: new() { ConnectionsPerAddress = 3 });
        int port = server.Server.Address.Port;
        var slow = new List<TcpClient>();
        for (int i = 0; i < 3; i++)
        {
            slow.Add(new TcpClient());
            await slow[i].ConnectAsync(IPAddress.Loopback, port, Ends);
            // An answer says that the connection is counted; the next request does not come to its end.
            await slow[i].GetStream().WriteAsync("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hea"u8.ToArray(), Ends);
            Assert.True(await slow[i].GetStream().ReadAsync(new byte[100], Ends) > 0);
        }
        for (int i = 0; i < 5; i++) Assert.StartsWith("HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nRetry-After: 1\r\n", await server.RawAsync([]), StringComparison.Ordinal);
        Assert.Equal("127.0.0.1 has 3 connections open, as many as one address may: further ones are refused", server.Log);
        // Another address is another client.
        using (var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            other.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
            await other.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), Ends);
            await other.SendAsync("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), Ends);
            using var reader = new StreamReader(new NetworkStream(other));
            Assert.Equal("HTTP/1.1 200 OK", await reader.ReadLineAsync(Ends));
        }
        slow[0].Dispose();
        // The server learns of it in its own time.
        string answer = "";
        Patience.Until(() => (answer = server.RawAsync("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray()).GetAwaiter().GetResult()).StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal), answer);
        slow.ForEach(client => client.Dispose());
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    [InlineData("::1", "::1")]
    public void A_client_is_an_address_or_the_subnet_that_it_owns(string address, string client) => Assert.Equal(IPAddress.Parse(client), SparkTrain.Http.ConnectionLimit.ClientOf(IPAddress.Parse(address)));

    private static async Task RequireBadRequest(TestServer server, string request, string status = "400")
    {
        Assert.StartsWith($"HTTP/1.1 {status} ", await server.RawAsync(Encoding.Latin1.GetBytes(request)), StringComparison.Ordinal);
        // What the web server says of a connection comes after the answer.
        Patience.Until(() => server.Log.Length > 0);
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/health", Ends)).StatusCode);
        Assert.DoesNotContain("Exception", server.Log, StringComparison.Ordinal);
        Assert.Single(server.Log.Split('\n'));
    }
}
