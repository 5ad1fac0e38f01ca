using System.Net;
using System.Text.Json.Nodes;
using SparkTrain.Tokenizers;

namespace SparkTrain.Serving.Tests;

public sealed class EndpointTests
{
    private static CancellationToken Ends => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_model_is_listed_and_known_by_its_name_only()
    {
        await using var server = await TestServer.StartAsync();
        var list = JsonNode.Parse(await server.Client.GetStringAsync("/v1/models", Ends))!;
        Assert.Equal(("list", "fake", "model", 2000), (list["object"]!.GetValue<string>(), list["data"]![0]!["id"]!.GetValue<string>(), list["data"]![0]!["object"]!.GetValue<string>(), list["data"]![0]!["max_model_len"]!.GetValue<int>()));
        Assert.Equal("fake", JsonNode.Parse(await server.Client.GetStringAsync("/v1/models/fake", Ends))!["id"]!.GetValue<string>());
        await Require(server.Client.GetAsync("/v1/models/gpt-4", Ends), 404, "model_not_found", "There is no such model; this server has 'fake'.");
        await Require(server.PostAsync("""{"model":"gpt-4","prompt":"a"}"""), 404, "model_not_found", "There is no such model; this server has 'fake'.");
    }

    [Fact]
    public async Task A_name_may_have_slashes()
    {
        using var decoder = new FakeDecoder();
        await using var server = await CompletionServer.StartAsync(new("runs/a b", decoder, new ByteTokenizer()), new() { Listen = new(IPAddress.Loopback, 0) }, Serilog.Core.Logger.None);
        using var client = new HttpClient { BaseAddress = server.Address };
        foreach (string path in (string[])["runs/a%20b", "runs%2Fa%20b"]) Assert.Equal("runs/a b", JsonNode.Parse(await client.GetStringAsync("/v1/models/" + path, Ends))!["id"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("GET", "/", 404, "unknown_url", "There is no such path. There are /v1/completions, /v1/models, /health and /metrics.")]
    [InlineData("POST", "/v1/embeddings", 404, "unknown_url", "There is no such path. There are /v1/completions, /v1/models, /health and /metrics.")]
    [InlineData("POST", "/v1/chat/completions", 404, "no_chat", "This server has no chat: a pretrained model has no chat template and no roles. Write the text that is to be continued, and post it to /v1/completions.")]
    [InlineData("GET", "/v1/completions", 405, "method_not_allowed", "This path takes POST only.")]
    [InlineData("DELETE", "/v1/models", 405, "method_not_allowed", "This path takes GET, HEAD only.")]
    public async Task What_is_not_there_is_said_in_OpenAIs_shape(string method, string path, int status, string code, string message)
    {
        await using var server = await TestServer.StartAsync();
        await Require(server.Client.SendAsync(new(new(method), path), Ends), status, code, message);
    }

    [Fact]
    public async Task Health_is_ok_while_it_serves()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal("""{"status":"ok"}""", await server.Client.GetStringAsync("/health", Ends));
    }

    [Fact]
    public async Task Metrics_add_up()
    {
        await using var server = await TestServer.StartAsync(options: new() { Scheduler = new() { CacheTokens = 1234 } });
        await server.CompleteAsync("""{"prompt":["a","bc"],"n":2,"max_tokens":7,"temperature":0}""");
        (await server.PostAsync("{}")).Dispose();
        server.RequireFree();
        using var response = await server.Client.GetAsync("/metrics", Ends);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        string page = await response.Content.ReadAsStringAsync(Ends);
        foreach (string line in (string[])["requests_total{code=\"200\"} 1", "requests_total{code=\"400\"} 1", "prompt_tokens_total 5", "generated_tokens_total 28", "queue_length 0", "active_sequences 0",
            "cache_tokens 0", "cache_bytes 0", "cache_reserved_tokens 0", "cache_limit_tokens 1234", "completion_seconds_count 1", "first_token_seconds_count 1"])
            Assert.Contains($"\nsparktrain_{line}\n", page, StringComparison.Ordinal);
        // Every line is a comment or a name and a number.
        Assert.All(page.TrimEnd('\n').Split('\n'), line => Assert.Matches("""^(# (HELP|TYPE) sparktrain_[a-z_]+ .+|sparktrain_[a-z_]+(\{code="\d+"\})? [0-9.E+-]+)$""", line));
    }

    [Fact]
    public async Task A_full_queue_is_429_with_a_time_to_try_again_and_metrics_show_what_runs()
    {
        await using var server = await TestServer.StartAsync(options: new() { Scheduler = new() { MaxSequences = 1, Queue = 1 } });
        using var gate = new Gate(server.Decoder);
        const string Body = """{"prompt":"a","max_tokens":9,"temperature":0}""";
        var running = server.CompleteAsync(Body);
        gate.WaitUntilClosed();
        var waiting = server.CompleteAsync(Body);
        Patience.Until(() => server.Server.Load.Waiting == 1);
        using var refused = await server.PostAsync(Body);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
        await Require(Task.FromResult(refused), 429, "queue_full", "1 prompts wait already, and at most 1 may; try again later");
        string page = await server.Client.GetStringAsync("/metrics", Ends);
        foreach (string line in (string[])["queue_length 1", "active_sequences 1", "cache_reserved_tokens 10", "cache_bytes 30"]) Assert.Contains($"\nsparktrain_{line}\n", page, StringComparison.Ordinal);
        gate.Open();
        Assert.Equal((await running)["choices"]!.ToJsonString(), (await waiting)["choices"]!.ToJsonString());
    }

    [Fact]
    public async Task A_completion_is_one_line_of_the_log_without_its_text()
    {
        await using var server = await TestServer.StartAsync(new() { Model = FakeDecoder.Writes([.. "private answer"u8], 15) });
        await server.CompleteAsync("""{"prompt":"secret prompt!","max_tokens":40,"temperature":0,"user":"somebody"}""");
        (await server.PostAsync("""{"prompt":"secret prompt!","max_tokens":-1}""")).Dispose();
        (await server.Client.GetAsync("/health", Ends)).Dispose();
        string[] lines = server.Log.Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.Matches(@"^""cmpl-[0-9a-f]{24}"" 200 \| 1 prompts, 15 tokens \| 1 continuations, 15 tokens \| first [\d.]+ s, all [\d.]+ s$", lines[0]);
        Assert.Matches(@"^""cmpl-[0-9a-f]{24}"" 400 null$", lines[1]);
        Assert.DoesNotMatch("secret|private|somebody", server.Log);
    }

    internal static async Task Require(Task<HttpResponseMessage> answer, int status, string? code, string? message, string? param = null)
    {
        using var response = await answer;
        string body = await response.Content.ReadAsStringAsync(Ends);
        Assert.True((int)response.StatusCode == status, $"{response.StatusCode} {body}");
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
        var error = JsonNode.Parse(body)!["error"]!.AsObject();
        Assert.Equal(["message", "type", "param", "code"], error.Select(pair => pair.Key));
        Assert.Equal(code, error["code"]?.GetValue<string>());
        if (message is not null) Assert.Equal(message, error["message"]!.GetValue<string>());
        if (param is not null) Assert.Equal(param, error["param"]!.GetValue<string>());
        Assert.Equal(status switch { 429 => "rate_limit_error", >= 500 => "server_error", _ => "invalid_request_error" }, error["type"]!.GetValue<string>());
        Assert.Equal(response.StatusCode == HttpStatusCode.Unauthorized, response.Headers.WwwAuthenticate.Count > 0);
    }
}
