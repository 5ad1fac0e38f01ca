using System.Text.Json;
using System.Text.Json.Nodes;
using SparkTrain.Generation;

namespace SparkTrain.Serving.Tests;

public sealed class CompletionTests
{
    private static readonly SamplingOptions Greedy = new() { Temperature = 0 };

    [Fact]
    public async Task A_whole_answer_has_OpenAIs_shape()
    {
        await using var server = await TestServer.StartAsync();
        using var response = await server.PostAsync("""{"model":"fake","prompt":"the ","max_tokens":12,"temperature":0}""");
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        var expected = Alone.Continue(FakeDecoder.Hashed, Alone.Tokens("the "), 12, Greedy);
        Assert.Matches("^cmpl-[0-9a-f]{24}$", answer["id"]!.GetValue<string>());
        Assert.Equal(answer["id"]!.GetValue<string>(), Assert.Single(response.Headers.GetValues("x-request-id")));
        Assert.InRange(DateTimeOffset.FromUnixTimeSeconds(answer["created"]!.GetValue<long>()), DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
        answer["id"] = answer["created"] = null;
        Same($$$"""
            {"id":null,"object":"text_completion","created":null,"model":"fake",
             "choices":[{"text":"{{{expected.Text}}}","index":0,"logprobs":null,"finish_reason":"length"}],
             "usage":{"prompt_tokens":5,"completion_tokens":12,"total_tokens":17}}
            """, answer);
        server.RequireFree();
    }

    [Fact]
    public async Task A_prompt_may_be_a_text_tokens_or_a_list_of_either()
    {
        await using var server = await TestServer.StartAsync();
        async Task<string> Texts(string prompt) => string.Join('|', (await server.CompleteAsync($$"""{"prompt":{{prompt}},"max_tokens":8,"temperature":0}"""))["choices"]!.AsArray().Select(choice => choice!["text"]));
        string one = Alone.Continue(FakeDecoder.Hashed, Alone.Tokens("one"), 8, Greedy).Text, two = Alone.Continue(FakeDecoder.Hashed, Alone.Tokens("two"), 8, Greedy).Text;
        string bare = Alone.Continue(FakeDecoder.Hashed, [111, 110, 101], 8, Greedy).Text;
        Assert.Equal(one, await Texts("\"one\""));
        Assert.Equal($"{one}|{two}", await Texts("""["one","two"]"""));
        // Ids are taken as they are: no begin token is put before them.
        Assert.Equal(bare, await Texts("[111,110,101]"));
        Assert.Equal($"{one}|{bare}", await Texts("[[256,111,110,101],[111,110,101]]"));
        Assert.Equal(Alone.Continue(FakeDecoder.Hashed, [FakeDecoder.Bos], 8, Greedy).Text, await Texts("\"\""));
    }

    [Fact]
    public async Task The_nth_continuation_of_every_prompt_is_that_of_the_seed_plus_n()
    {
        await using var server = await TestServer.StartAsync();
        var answer = await server.CompleteAsync("""{"prompt":["one","two"],"n":3,"max_tokens":20,"seed":40,"temperature":0.8,"top_p":0.9,"top_k":30,"min_p":0.01,"repetition_penalty":1.1}""");
        var choices = answer["choices"]!.AsArray();
        Assert.Equal([0, 1, 2, 3, 4, 5], choices.Select(choice => choice!["index"]!.GetValue<int>()));
        var sampling = new SamplingOptions { Temperature = 0.8, TopP = 0.9, TopK = 30, MinP = 0.01, RepetitionPenalty = 1.1 };
        var expected = ((string[])["one", "two"]).SelectMany(prompt => Enumerable.Range(40, 3).Select(seed => Alone.Continue(FakeDecoder.Hashed, Alone.Tokens(prompt), 20, sampling with { Seed = seed }))).ToList();
        Assert.Equal(expected.Select(e => e.Text), choices.Select(choice => choice!["text"]!.GetValue<string>()));
        Assert.Equal(expected.Select(e => e.Finish), choices.Select(choice => choice!["finish_reason"]!.GetValue<string>()));
        Assert.Equal((8, expected.Sum(e => e.Tokens.Count)), (answer["usage"]!["prompt_tokens"]!.GetValue<int>(), answer["usage"]!["completion_tokens"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Without_a_seed_texts_differ()
    {
        await using var server = await TestServer.StartAsync();
        var texts = new HashSet<string>();
        for (int i = 0; i < 4; i++) texts.Add((await server.CompleteAsync("""{"prompt":"a","max_tokens":30}"""))["choices"]![0]!["text"]!.GetValue<string>());
        Assert.Equal(4, texts.Count);
    }

    [Fact]
    public async Task A_stop_string_ends_the_text_before_it_and_the_end_token_has_no_text()
    {
        await using var server = await TestServer.StartAsync(new() { Model = FakeDecoder.Writes([.. "one two\nthree"u8], 2) });
        async Task Check(string text, int tokens, string stop)
        {
            var answer = await server.CompleteAsync($$"""{"prompt":"a","max_tokens":40,"temperature":0,"stop":{{stop}}}""");
            Assert.Equal((text, "stop", tokens), (answer["choices"]![0]!["text"]!.GetValue<string>(), answer["choices"]![0]!["finish_reason"]!.GetValue<string>(), answer["usage"]!["completion_tokens"]!.GetValue<int>()));
        }
        await Check("one ", 7, "\"two\"");
        await Check("one two", 8, """["x", "\n"]""");
        await Check("one two\nthree", 14, "null");
    }

    [Fact]
    public async Task Log_probabilities_are_those_of_the_model_and_so_are_the_echoed_prompts()
    {
        await using var server = await TestServer.StartAsync(options: new() { Scheduler = new() { StepTokens = 3 } });
        var answer = await server.CompleteAsync("""{"prompt":"h\u00e9!","max_tokens":5,"temperature":0.7,"seed":3,"echo":true,"logprobs":2}""");
        int[] prompt = Alone.Tokens("h\u00e9!");
        var expected = Alone.Continue(FakeDecoder.Hashed, prompt, 5, new() { Temperature = 0.7, Seed = 3 });
        var (choice, logProbs) = (answer["choices"]![0]!, answer["choices"]![0]!["logprobs"]!);
        Assert.Equal("h\u00e9!" + expected.Text, choice["text"]!.GetValue<string>());
        Assert.Equal(["<bos>", "h", "bytes:\\xc3", "bytes:\\xa9", "!", .. expected.Text.Select(c => $"{c}")], logProbs["tokens"]!.AsArray().Select(t => t!.GetValue<string>()));
        Assert.Equal([0, 0, 1, 1, 2, 3, 4, 5, 6, 7], logProbs["text_offset"]!.AsArray().Select(t => t!.GetValue<int>()));

        int[] all = [.. prompt, .. expected.Tokens];
        var tops = logProbs["top_logprobs"]!.AsArray();
        Assert.Null(logProbs["token_logprobs"]![0]);
        Assert.Null(tops[0]);
        for (int i = 1; i < all.Length; i++)
        {
            float[] logits = FakeDecoder.Hashed(all[..i]);
            Assert.Equal(Alone.LogProb(logits, all[i]), logProbs["token_logprobs"]![i]!.GetValue<double>(), 1e-5);
            // The two most probable ones, and the one that is there.
            int[] most = [.. Enumerable.Range(0, FakeDecoder.Vocabulary).OrderByDescending(token => logits[token]).Take(2)];
            Assert.Equal(most.Append(all[i]).Distinct().Count(), tops[i]!.AsObject().Count);
            Assert.Equal(Alone.LogProb(logits, most[0]), tops[i]!.AsObject().First().Value!.GetValue<double>(), 1e-5);
        }
    }

    [Fact]
    public async Task A_prompt_is_scored_without_any_continuation()
    {
        await using var server = await TestServer.StartAsync();
        var answer = await server.CompleteAsync("""{"prompt":[97,98,99],"max_tokens":0,"echo":true,"logprobs":0}""");
        Assert.Equal(("abc", "length", 0), (answer["choices"]![0]!["text"]!.GetValue<string>(), answer["choices"]![0]!["finish_reason"]!.GetValue<string>(), answer["usage"]!["completion_tokens"]!.GetValue<int>()));
        Assert.Equal(Alone.LogProb(FakeDecoder.Hashed([97, 98]), 99), answer["choices"]![0]!["logprobs"]!["token_logprobs"]![2]!.GetValue<double>(), 1e-5);
        Assert.Equal("", (await server.CompleteAsync("""{"prompt":"a","max_tokens":0}"""))["choices"]![0]!["text"]!.GetValue<string>());
        server.RequireFree();
    }

    [Fact]
    public async Task Tokens_of_a_stop_string_have_no_log_probabilities()
    {
        await using var server = await TestServer.StartAsync(new() { Model = FakeDecoder.Writes([.. "ab\u2603cdxy"u8], 2) });
        var answer = await server.CompleteAsync("""{"prompt":"a","max_tokens":40,"temperature":0,"stop":"dx","logprobs":0}""");
        Assert.Equal("ab\u2603c", answer["choices"]![0]!["text"]!.GetValue<string>());
        Same("""["a","b","bytes:\\xe2","bytes:\\x98","bytes:\\x83","c"]""", answer["choices"]![0]!["logprobs"]!["tokens"]!);
        Same("[0,1,2,2,2,3]", answer["choices"]![0]!["logprobs"]!["text_offset"]!);
        answer = await server.CompleteAsync("""{"prompt":"a","max_tokens":40,"temperature":0,"logprobs":0}""");
        Assert.Equal("<eos>", answer["choices"]![0]!["logprobs"]!["tokens"]!.AsArray()[^1]!.GetValue<string>());
    }

    [Fact]
    public async Task An_id_that_the_tokenizer_does_not_have_is_a_token_without_text()
    {
        await using var server = await TestServer.StartAsync(new() { Model = history => [.. Enumerable.Range(0, FakeDecoder.Vocabulary).Select(token => token == (history.Count % 2 == 0 ? 259 : 'x') ? 9f : 0f)] });
        var answer = await server.CompleteAsync("""{"prompt":[97,258],"max_tokens":4,"temperature":0,"echo":true,"logprobs":0}""");
        Assert.Equal("axx", answer["choices"]![0]!["text"]!.GetValue<string>());
        Same("""["a","token_id:258","token_id:259","x","token_id:259","x"]""", answer["choices"]![0]!["logprobs"]!["tokens"]!);
        Same("[0,1,1,1,2,2]", answer["choices"]![0]!["logprobs"]!["text_offset"]!);
    }

    private static void Same(string expected, JsonNode actual) => Assert.Equal(JsonNode.Parse(expected)!.ToJsonString(), actual.ToJsonString(new JsonSerializerOptions()));
}
