using System.Text.RegularExpressions;

namespace SparkTrain.Serving.Tests;

public sealed partial class StreamTests
{
    [Fact]
    public async Task A_stream_is_events_of_whole_characters_and_then_DONE()
    {
        await using var server = await TestServer.StartAsync(new() { Model = FakeDecoder.Writes([.. "a\"\u2603\U0001F600b"u8], 2) });
        string stream = await server.StreamAsync("""{"prompt":"a","max_tokens":40,"temperature":0,"stream":true}""");
        Assert.Equal("""
            data: {"id":"I","object":"text_completion","created":0,"model":"fake","choices":[{"text":"a","index":0,"logprobs":null,"finish_reason":null}]}

            data: {"id":"I","object":"text_completion","created":0,"model":"fake","choices":[{"text":"\"","index":0,"logprobs":null,"finish_reason":null}]}

            data: {"id":"I","object":"text_completion","created":0,"model":"fake","choices":[{"text":"☃","index":0,"logprobs":null,"finish_reason":null}]}

            data: {"id":"I","object":"text_completion","created":0,"model":"fake","choices":[{"text":"\uD83D\uDE00","index":0,"logprobs":null,"finish_reason":null}]}

            data: {"id":"I","object":"text_completion","created":0,"model":"fake","choices":[{"text":"b","index":0,"logprobs":null,"finish_reason":null}]}

            data: {"id":"I","object":"text_completion","created":0,"model":"fake","choices":[{"text":"","index":0,"logprobs":null,"finish_reason":"stop"}]}

            data: [DONE]


            """, Plain(stream));
    }

    [Fact]
    public async Task Usage_comes_behind_the_pieces_where_it_is_asked_for_and_a_stop_string_never()
    {
        await using var server = await TestServer.StartAsync(new() { Model = FakeDecoder.Writes([.. "one stop, two stock"u8], 2) });
        string stream = Plain(await server.StreamAsync("""{"prompt":"a","max_tokens":40,"temperature":0,"stream":true,"stream_options":{"include_usage":true},"stop":["stock"]}"""));
        var events = stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        // "sto" and "stop" begin like the stop string, and come once it is known that they are not.
        Assert.Equal(["o", "n", "e", " ", "stop", ",", " ", "t", "w", "o", " ", ""], events[..^2].Select(e => Text().Match(e).Groups[1].Value));
        Assert.All(events[..^2], e => Assert.Contains("\"usage\":null", e, StringComparison.Ordinal));
        Assert.EndsWith("\"choices\":[],\"usage\":{\"prompt_tokens\":2,\"completion_tokens\":19,\"total_tokens\":21}}", events[^2], StringComparison.Ordinal);
        Assert.Equal("data: [DONE]", events[^1]);
    }

    [Fact]
    public async Task Pieces_of_several_continuations_put_together_are_the_whole_answer()
    {
        await using var server = await TestServer.StartAsync();
        const string Body = """ "prompt":["one","t\u00fco"],"n":2,"seed":4,"max_tokens":25,"echo":true,"logprobs":1 """;
        var whole = await server.CompleteAsync($$"""{{{Body}}}""");
        string stream = await server.StreamAsync($$"""{{{Body}},"stream":true}""");
        var pieces = stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[..^1].Select(e => System.Text.Json.Nodes.JsonNode.Parse(e[6..])!["choices"]!.AsArray().Single()!).ToList();
        foreach (var choice in whole["choices"]!.AsArray())
        {
            var own = pieces.Where(piece => piece["index"]!.GetValue<int>() == choice!["index"]!.GetValue<int>()).ToList();
            Assert.Equal(choice!["text"]!.GetValue<string>(), string.Concat(own.Select(piece => piece["text"]!.GetValue<string>())));
            foreach (string list in (string[])["tokens", "token_logprobs", "text_offset"])
                Assert.Equal(choice["logprobs"]![list]!.AsArray().Select(x => x?.ToJsonString()), own.SelectMany(piece => piece["logprobs"]![list]!.AsArray()).Select(x => x?.ToJsonString()));
            Assert.Equal([.. Enumerable.Repeat<string?>(null, own.Count - 1), choice["finish_reason"]!.GetValue<string>()], own.Select(piece => piece["finish_reason"]?.GetValue<string>()));
        }
    }

    [Fact]
    public async Task A_stream_that_fails_halfway_says_so_and_is_not_DONE()
    {
        await using var server = await TestServer.StartAsync(new()
        {
            Model = history =>
            {
                float[] logits = FakeDecoder.Hashed(history);
                if (history.Count > 6) logits[3] = float.NaN;
                return logits;
            },
        });
        string stream = await server.StreamAsync("""{"prompt":"a","max_tokens":40,"temperature":0,"stream":true}""");
        Assert.EndsWith("data: {\"error\":{\"message\":\"the model computed numbers that are not finite (the logit of token 3 is NaN)\",\"type\":\"server_error\",\"param\":null,\"code\":\"broken_model\"}}\n\n", stream, StringComparison.Ordinal);
        using var whole = await server.PostAsync("""{"prompt":"a","max_tokens":40,"temperature":0}""");
        Assert.Equal(500, (int)whole.StatusCode);
        server.RequireFree();
    }

    private static string Plain(string stream) => Created().Replace(Id().Replace(stream, "\"id\":\"I\""), "\"created\":0");

    [GeneratedRegex("\"id\":\"[^\"]*\"")]
    private static partial Regex Id();

    [GeneratedRegex("\"created\":[0-9]+")]
    private static partial Regex Created();

    [GeneratedRegex("\"text\":\"([^\"]*)\"")]
    private static partial Regex Text();
}
