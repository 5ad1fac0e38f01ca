using System.Net.Sockets;

namespace SparkTrain.Serving.Tests;

public sealed class StopTests
{
    private static CancellationToken Ends => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stop_refuses_new_requests_with_503_and_finishes_the_others()
    {
        await using var server = await TestServer.StartAsync();
        using var gate = new Gate(server.Decoder);
        var (whole, stream) = (server.CompleteAsync("""{"prompt":"a","max_tokens":10,"temperature":0}"""), server.StreamAsync("""{"prompt":"b","max_tokens":10,"temperature":0,"stream":true}"""));
        Patience.Until(() => server.Server.Load is { Waiting: 1, Active: 1 } or { Active: 2 });
        var stopped = server.Server.StopAsync(TimeSpan.FromSeconds(20));
        await EndpointTests.Require(server.PostAsync("""{"prompt":"a"}"""), 503, "stopping", "the server is stopping");
        using (var health = await server.Client.GetAsync("/health", Ends))
            Assert.Equal((503, """{"status":"stopping"}"""), ((int)health.StatusCode, await health.Content.ReadAsStringAsync(Ends)));
        gate.Open();
        Assert.True(await stopped);
        Assert.Equal(10, (await whole)["usage"]!["completion_tokens"]!.GetValue<int>());
        Assert.EndsWith("data: [DONE]\n\n", await stream, StringComparison.Ordinal);
        using var socket = new TcpClient();
        await Assert.ThrowsAsync<SocketException>(async () => await socket.ConnectAsync("127.0.0.1", server.Server.Address.Port, Ends));
    }

    [Fact]
    public async Task What_is_not_done_in_time_is_told_so()
    {
        await using var server = await TestServer.StartAsync(new() { Model = FakeDecoder.Writes([.. Enumerable.Repeat((byte)'z', 1990)], 2) });
        var gate = new Gate(server.Decoder);
        var (whole, stream) = (server.PostAsync("""{"prompt":"a","max_tokens":1900}"""), server.StreamAsync("""{"prompt":"b","max_tokens":1900,"stream":true}"""));
        // Until both have begun.
        for (int step = 0; step < 1000 && server.Server.Counters.Begun.Count < 2; step++) gate.Step(1);
        var stopped = server.Server.StopAsync(TimeSpan.Zero);
        Patience.Until(() => server.Log.Contains("were ended", StringComparison.Ordinal));
        // The step that is under way ends in its own time.
        gate.Slow();
        Assert.False(await stopped);
        await EndpointTests.Require(whole, 503, "stopping", "the server is stopping");
        Assert.EndsWith("data: {\"error\":{\"message\":\"the server is stopping\",\"type\":\"server_error\",\"param\":null,\"code\":\"stopping\"}}\n\n", await stream, StringComparison.Ordinal);
        server.RequireFree();
    }
}
