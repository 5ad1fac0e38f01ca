using System.Text.Json;
using SparkTrain.Generation;

namespace SparkTrain.Serving.Tests;

/// <summary>Many clients, and clients that leave.</summary>
public sealed class ClientTests
{
    private static CancellationToken Ends => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Many_clients_each_get_their_own_answer_and_only_that()
    {
        await using var server = await TestServer.StartAsync(options: new() { Scheduler = new() { MaxSequences = 8, Queue = 400, CacheTokens = 2000, StepTokens = 32 } });
        var random = new Random(11);
        var asked = Enumerable.Range(0, 240).Select(i => (Prompt: $"client {i} {new string((char)('a' + i % 26), random.Next(50))}", MaxTokens: random.Next(1, 60), Seed: i / 2, Streams: i % 3 == 0, LeavesAfter: i % 5 == 4 ? random.Next(1, 30) : -1)).ToList();
        await Parallel.ForEachAsync(asked, new ParallelOptions { MaxDegreeOfParallelism = 24, CancellationToken = Ends }, async (a, _) =>
        {
            string body = JsonSerializer.Serialize(new { prompt = a.Prompt, max_tokens = a.MaxTokens, seed = a.Seed, stream = a.Streams });
            string expected = Alone.Continue(FakeDecoder.Hashed, Alone.Tokens(a.Prompt), a.MaxTokens, new() { Seed = a.Seed }).Text;
            if (a.LeavesAfter >= 0)
            {
                using var leaves = CancellationTokenSource.CreateLinkedTokenSource(Ends);
                leaves.CancelAfter(a.LeavesAfter);
                await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
                {
                    using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions") { Content = new StringContent(body.Replace($"\"max_tokens\":{a.MaxTokens}", "\"max_tokens\":1500", StringComparison.Ordinal), new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")) };
                    using var response = await server.Client.SendAsync(request, leaves.Token);
                    await Task.Delay(Timeout.Infinite, leaves.Token);
                });
            }
            else if (a.Streams)
            {
                string stream = await server.StreamAsync(body);
                Assert.EndsWith("data: [DONE]\n\n", stream, StringComparison.Ordinal);
                Assert.Equal(expected, string.Concat(stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[..^1].Select(e => JsonDocument.Parse(e[6..]).RootElement.GetProperty("choices")[0].GetProperty("text").GetString())));
            }
            else Assert.Equal(expected, (await server.CompleteAsync(body))["choices"]![0]!["text"]!.GetValue<string>());
        });
        server.RequireFree();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_leaves_frees_its_keys_and_values(bool streams)
    {
        await using var server = await TestServer.StartAsync(new() { Model = FakeDecoder.Writes([.. Enumerable.Repeat((byte)'z', 1990)], 2) });
        using var gate = new Gate(server.Decoder);
        using (var leaves = CancellationTokenSource.CreateLinkedTokenSource(Ends))
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions") { Content = new StringContent($$"""{"prompt":"a","n":3,"max_tokens":1900,"stream":{{(streams ? "true" : "false")}}}""", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")) };
            var sent = server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leaves.Token);
            gate.Step(10);
            Assert.Equal((3, 3L * 1901), (server.Decoder.OpenSequences, server.Server.Load.ReservedTokens));
            if (streams) using (var response = await sent) Assert.True(await (await response.Content.ReadAsStreamAsync(Ends)).ReadAsync(new byte[100], Ends) > 0);
            await leaves.CancelAsync();
            if (!streams) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sent);
        }
        Patience.Until(() => server.Server.Counters.Cancelled == 1);
        gate.Open();
        server.RequireFree();
        Assert.Contains("the client left after", server.Log, StringComparison.Ordinal);
        Patience.Until(() => server.Server.Counters.Requests.GetValueOrDefault(499) == 1);
        Assert.DoesNotContain("Exception", server.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_leaves_while_it_waits_leaves_the_queue()
    {
        await using var server = await TestServer.StartAsync(options: new() { Scheduler = new() { MaxSequences = 1 } });
        using var gate = new Gate(server.Decoder);
        var running = server.CompleteAsync("""{"prompt":"a","max_tokens":5,"temperature":0}""");
        gate.WaitUntilClosed();
        using var leaves = CancellationTokenSource.CreateLinkedTokenSource(Ends);
        var waiting = server.Client.PostAsync("/v1/completions", new StringContent("""{"prompt":"b"}""", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")), leaves.Token);
        Patience.Until(() => server.Server.Load.Waiting == 1);
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Patience.Until(() => server.Server.Counters.Cancelled == 1);
        gate.Step(1);
        Patience.Until(() => server.Server.Load.Waiting == 0);
        gate.Open();
        Assert.Equal(Alone.Continue(FakeDecoder.Hashed, Alone.Tokens("a"), 5, new SamplingOptions { Temperature = 0 }).Text, (await running)["choices"]![0]!["text"]!.GetValue<string>());
    }
}
