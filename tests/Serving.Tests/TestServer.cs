using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Serilog;
using SparkTrain.Support;
using SparkTrain.Tokenizers;

namespace SparkTrain.Serving.Tests;

/// <summary>A server in this process on a free port of loopback, and a client of it.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly LogCollector log;

    private TestServer(CompletionServer server, FakeDecoder decoder, LogCollector log)
    {
        (Server, Decoder, this.log) = (server, decoder, log);
        Client = new(new SocketsHttpHandler { UseProxy = false, ResponseDrainTimeout = TimeSpan.Zero }) { BaseAddress = server.Address };
    }

    public CompletionServer Server { get; }

    public FakeDecoder Decoder { get; }

    public HttpClient Client { get; }

    /// <summary>What was logged.</summary>
    public string Log => string.Join('\n', log.Messages);

    public static async Task<TestServer> StartAsync(FakeDecoder? decoder = null, ServingOptions? options = null, ITokenizer? tokenizer = null)
    {
        decoder ??= new FakeDecoder();
        var collector = new LogCollector();
        var log = new LoggerConfiguration().WriteTo.Sink(collector).CreateLogger();
        var server = await CompletionServer.StartAsync(new("fake", decoder, tokenizer ?? new ByteTokenizer()), (options ?? new()) with { Listen = new(options?.Listen.Address ?? IPAddress.Loopback, 0) }, log);
        return new(server, decoder, collector);
    }

    /// <summary>Posts a body for completions.</summary>
    public Task<HttpResponseMessage> PostAsync(string json, string path = "/v1/completions") =>
        Client.PostAsync(path, new StringContent(json, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);

    /// <summary>Posts a body that must be answered.</summary>
    public async Task<JsonNode> CompleteAsync(string json)
    {
        using var response = await PostAsync(json);
        string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.OK, body);
        return JsonNode.Parse(body)!;
    }

    /// <summary>Posts a body and returns everything that comes back, as it comes over the wire.</summary>
    public async Task<string> StreamAsync(string json)
    {
        using var response = await PostAsync(json);
        Assert.Equal("text/event-stream; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Sends bytes as they are, and returns all that comes back until the server closes the connection.</summary>
    public async Task<string> RawAsync(byte[] request, TimeSpan? limit = null)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, Server.Address.Port, TestContext.Current.CancellationToken);
        await socket.GetStream().WriteAsync(request, TestContext.Current.CancellationToken);
        using var reader = new StreamReader(socket.GetStream());
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(limit ?? TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    /// <summary>Waits until nothing is held, which must not take long.</summary>
    public void RequireFree()
    {
        Patience.Until(() => Decoder.OpenSequences == 0 && Server.Load == SchedulerLoad.None, soFar: () => $"{Decoder.OpenSequences} sequences, {Server.Load}");
        Assert.Equal(0, Decoder.HeldTokens);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        Decoder.Dispose();
    }
}
