using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SparkTrain.Integration.Tests;

/// <summary><c>serve</c> from the command line, asked over loopback.</summary>
public sealed class ServeTests(TrainedRun run) : IClassFixture<TrainedRun>
{
    private static CancellationToken Ends => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Served_texts_are_those_of_generate_whatever_runs_beside_and_SIGTERM_ends_it_in_good_order()
    {
        string[] prompts = ["the ", "keys of every query", "", "neurons are few and"];
        File.WriteAllLines(run["alone.jsonl"], prompts.Select(prompt => JsonSerializer.Serialize(new { prompt, temperature = 0 })).Append(JsonSerializer.Serialize(new { prompt = "the ", temperature = 0.9, top_p = 0.9, seed = 7 })));
        string[] lines = run.Generate("--engine", "sparse", "--input", "alone.jsonl", "--max-tokens", "40", "--top-p", "1").Out.TrimEnd('\n').Split('\n');
        string[] texts = [.. lines.Select(line => JsonNode.Parse(line)!["text"]!.GetValue<string>())];
        var (alone, drawn) = (texts[..^1], texts[^1]);

        var (server, address) = Serve("--model", "runs/tiny", "--port", "0", "--threads", "2", "--step-tokens", "8");
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address };
        var together = Post(client, new { model = "tiny", prompt = prompts, max_tokens = 40, temperature = 0 });
        var seeded = Post(client, new { prompt = "the ", max_tokens = 40, temperature = 0.9, top_p = 0.9, seed = 6, n = 2 });
        Assert.Equal(alone, (await together)["choices"]!.AsArray().Select(choice => choice!["text"]!.GetValue<string>()));
        // The second continuation has the seed plus one.
        Assert.Equal(drawn, (await seeded)["choices"]![1]!["text"]!.GetValue<string>());

        using var response = await client.PostAsync("/v1/completions", Json(new { prompt = "the ", max_tokens = 40, temperature = 0, stream = true }), Ends);
        string stream = await response.Content.ReadAsStringAsync(Ends);
        Assert.EndsWith("data: [DONE]\n\n", stream, StringComparison.Ordinal);
        Assert.Equal(alone[0], string.Concat(stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[..^1].Select(line => JsonNode.Parse(line[6..])!["choices"]![0]!["text"]!.GetValue<string>())));

        server.Signal("TERM");
        var ended = Cli.Finish(server);
        Assert.Equal((0, "SIGTERM: finishing what runs (once more ends at once)\n"), (ended.ExitCode, ended.Error));
        Assert.Matches(@"^http://127\.0\.0\.1:\d+ \| tiny \| 16 sequences side by side, 64 waiting, 100,000 tokens of keys and values\n(cmpl-[0-9a-f]{24} 200 \|.*\n){3}stopping: 0 sequences run, 0 prompts wait\n$", ended.Out);
    }

    [Fact]
    public async Task Log_probabilities_of_a_prompt_are_those_of_score()
    {
        File.WriteAllText(run["in.jsonl"], "{\"text\":\"the keys of the query\"}\n");
        Assert.Equal(0, Cli.Run(run[""], "score", "--engine", "sparse", "--model", "runs/tiny", "--input", "in.jsonl", "--output", "out.jsonl").ExitCode);
        double[] expected = JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(run["out.jsonl"])).GetProperty("logprobs").Deserialize<double[]>()!;
        File.WriteAllText(run["token.txt"], "correct-horse-battery-staple\n");
        var (server, address) = Serve("--model", "runs/tiny", "--listen", "0.0.0.0:0", "--token-file", "token.txt", "--name", "some/name", "--quiet");
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new($"http://127.0.0.1:{address.Port}") };
        using (var refused = await client.GetAsync("/v1/models", Ends)) Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        client.DefaultRequestHeaders.Authorization = new("Bearer", "correct-horse-battery-staple");
        var answer = await Post(client, new { model = "some/name", prompt = "the keys of the query", max_tokens = 0, echo = true, logprobs = 0 });
        double[] actual = [.. answer["choices"]![0]!["logprobs"]!["token_logprobs"]!.AsArray().Skip(1).Select(p => p!.GetValue<double>())];
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), p => Assert.Equal(p.First, p.Second, 1e-6));
        server.Signal("INT");
        var ended = Cli.Finish(server);
        Assert.Equal(0, ended.ExitCode);
        Assert.DoesNotContain("battery", ended.Out + ended.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "--listen: other machines can reach 0.0.0.0:8000, and there is no token.", "--listen", "0.0.0.0")]
    [InlineData(2, "--queue: it is 0.\n  expected: from 1 to 65536", "--queue", "0")]
    [InlineData(5, "--listen 192.0.2.1:8000: Cannot assign requested address.", "--listen", "192.0.2.1", "--token-file", "long.txt")]
    public void What_cannot_be_listened_on_ends_with_its_exit_code(int exitCode, string error, params string[] arguments)
    {
        File.WriteAllText(run["long.txt"], "correct-horse-battery-staple");
        var outcome = Cli.Run(run[""], ["serve", "--model", "runs/tiny", .. arguments]);
        Assert.Equal((exitCode, ""), (outcome.ExitCode, outcome.Out));
        Assert.StartsWith("error: " + error, outcome.Error, StringComparison.Ordinal);
    }

    private (Started Server, Uri Address) Serve(params string[] arguments)
    {
        var server = Cli.Start(run[""], ["serve", .. arguments]);
        server.WaitFor(" | ");
        Assert.False(server.Process.HasExited, server.Error.ToString());
        return (server, new(server.Out.ToString().Split(' ')[0]));
    }

    private static async Task<JsonNode> Post(HttpClient client, object body)
    {
        using var response = await client.PostAsync("/v1/completions", Json(body), Ends);
        string text = await response.Content.ReadAsStringAsync(Ends);
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        return JsonNode.Parse(text)!;
    }

    private static StringContent Json(object body) => new(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
}
