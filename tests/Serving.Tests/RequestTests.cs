using System.Text;
using SparkTrain.Http;

namespace SparkTrain.Serving.Tests;

/// <summary>What requests may say.</summary>
public sealed class RequestTests(OneServer shared) : IClassFixture<OneServer>
{
    [Theory]
    [InlineData("prompt", "is missing or empty; it must be a text, a list of token ids, a list of texts, or a list of lists of token ids.", """{"max_tokens":3}""")]
    [InlineData("prompt", "is missing or empty; it must be a text, a list of token ids, a list of texts, or a list of lists of token ids.", """{"prompt":[]}""")]
    [InlineData("prompt", "is a list of no token; it must have at least one.", """{"prompt":[[]]}""")]
    [InlineData("prompt", "is 5; it must be a text, a list of token ids, a list of texts, or a list of lists of token ids.", """{"prompt":5}""")]
    [InlineData("prompt", "is [1,\"a\"]; it must be a text, a list of token ids, a list of texts, or a list of lists of token ids.", """{"prompt":[1,"a"]}""")]
    [InlineData("prompt", "is \"\\ud800\"; it must be a text, a list of token ids, a list of texts, or a list of lists of token ids.", """{"prompt":"\ud800"}""")]
    [InlineData("prompt", "has token 260; ids are from 0 to 259.", """{"prompt":[1,260]}""")]
    [InlineData("prompt", "has token -1; ids are from 0 to 259.", """{"prompt":[[-1]]}""")]
    [InlineData("prompt", "has 2 tokens, and max_tokens is 1999; together they may be at most 2000, the model's length.", """{"prompt":"a","max_tokens":1999}""")]
    [InlineData("prompt", "has 65 prompts; this server takes at most 64 in a request.", """{"prompt":["","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","",""]}""")]
    [InlineData("max_tokens", "is -1; it must be 0 or more.", """{"prompt":"a","max_tokens":-1}""")]
    [InlineData("max_tokens", "is 1.5; it must be a whole number.", """{"prompt":"a","max_tokens":1.5}""")]
    [InlineData("max_tokens", "is 3000000000; it must be a whole number.", """{"prompt":"a","max_tokens":3000000000}""")]
    [InlineData("max_tokens", "is \"3\"; it must be a whole number.", """{"prompt":"a","max_tokens":"3"}""")]
    [InlineData("n", "is 0; it must be from 1 to 128.", """{"prompt":"a","n":0}""")]
    [InlineData("best_of", "is 3; it must be equal to n: this server does not choose among candidates.", """{"prompt":"a","best_of":3}""")]
    [InlineData("temperature", "is -0.5; it must be 0 or more.", """{"prompt":"a","temperature":-0.5}""")]
    [InlineData("temperature", "is Infinity; it must be 0 or more.", """{"prompt":"a","temperature":1e999}""")]
    [InlineData("top_p", "is 1.5; it must be more than 0 and at most 1.", """{"prompt":"a","top_p":1.5}""")]
    [InlineData("min_p", "is true; it must be a number.", """{"prompt":"a","min_p":true}""")]
    [InlineData("repetition_penalty", "is 0; it must be from 0.01 to 100.", """{"prompt":"a","repetition_penalty":0}""")]
    [InlineData("seed", "is 1.5; it must be a whole number.", """{"prompt":"a","seed":1.5}""")]
    [InlineData("stream", "is 1; it must be true or false.", """{"prompt":"a","stream":1}""")]
    [InlineData("stream_options", "is for streams only; set stream to true.", """{"prompt":"a","stream_options":{"include_usage":true}}""")]
    [InlineData("stream_options", "is {\"usage\":true}; it must be an object with include_usage, true or false.", """{"prompt":"a","stream":true,"stream_options":{"usage":true}}""")]
    [InlineData("stop", "is a text of 0 characters; it must be from 1 to 256 characters long.", """{"prompt":"a","stop":["x",""]}""")]
    [InlineData("stop", "is [[\"x\"]]; it must be a text or a list of texts.", """{"prompt":"a","stop":[["x"]]}""")]
    [InlineData("stop", "is a list of 17; it must be at most 16 texts.", """{"prompt":"a","stop":["1","2","3","4","5","6","7","8","9","a","b","c","d","e","f","g","h"]}""")]
    [InlineData("logprobs", "is 21; it must be from 0 to 20.", """{"prompt":"a","logprobs":21}""")]
    [InlineData("frequency_penalty", "is 0.5; it must be 0: this server has repetition_penalty instead.", """{"prompt":"a","frequency_penalty":0.5}""")]
    [InlineData("logit_bias", "is {\"50256\":-100}; it must be empty: this server does not offer it.", """{"prompt":"a","logit_bias":{"50256":-100}}""")]
    [InlineData("suffix", "is \"end\"; it must be empty: this server does not offer it.", """{"prompt":"a","suffix":"end"}""")]
    [InlineData("user", "is 7; it must be a text.", """{"prompt":"a","user":7}""")]
    public async Task A_field_that_is_wrong_is_named_with_what_it_is_and_may_be(string field, string problem, string body) =>
        await EndpointTests.Require(shared.Server.PostAsync(body), 400, problem.Contains("together", StringComparison.Ordinal) ? "context_length_exceeded" : null, $"{field} {problem}", field);

    [Theory]
    [InlineData("""{"prompt":"a","max_token":3}""", "There is no field 'max_token'. Did you mean max_tokens?")]
    [InlineData("""{"prompt":"a","Temprature":3}""", "There is no field 'Temprature'. Did you mean temperature?")]
    [InlineData("""{"messages":[]}""", "There is no field 'messages'.")]
    public async Task A_field_that_is_not_known_is_refused_with_the_nearest_one(string body, string message) => await EndpointTests.Require(shared.Server.PostAsync(body), 400, "unknown_field", message);

    [Theory]
    [InlineData("", "The body is not JSON: ")]
    [InlineData("{\"prompt\":", "The body is not JSON: ")]
    [InlineData("[1]", "The body must be a JSON object.")]
    [InlineData("{\"prompt\":\"a\",\"temperature\":NaN}", "The body is not JSON: ")]
    [InlineData("{\"prompt\":\"a\",\"prompt\":\"b\"}", "The body is not JSON: ")]
    [InlineData("{\"prompt\":\"a\"} {}", "The body is not JSON: ")]
    public async Task A_body_that_is_no_JSON_object_is_refused(string body, string message)
    {
        using var response = await shared.Server.PostAsync(body);
        Assert.Contains($"\"message\":\"{message}", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(400, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("min_tokens", "5", "0")]
    [InlineData("min_tokens", "\"0\"", "0")]
    [InlineData("ignore_eos", "true", "false")]
    [InlineData("ignore_eos", "0", "false")]
    [InlineData("length_penalty", "0.9", "1")]
    [InlineData("use_beam_search", "true", "false")]
    [InlineData("metadata", "{\"a\":\"b\"}", "empty")]
    [InlineData("store", "true", "false")]
    [InlineData("service_tier", "\"flex\"", "\"auto\" or \"default\"")]
    [InlineData("response_format", "{\"type\":\"json_object\"}", "{\"type\": \"text\"}")]
    [InlineData("response_format", "\"text\"", "{\"type\": \"text\"}")]
    [InlineData("stop_token_ids", "[7]", "empty")]
    [InlineData("skip_special_tokens", "false", "true")]
    [InlineData("prompt_logprobs", "0", "null")]
    [InlineData("guided_regex", "\"a+\"", "null")]
    [InlineData("logit_bias", "{\"5\":1}", "empty")]
    public async Task What_asks_for_something_that_is_not_offered_is_refused_by_its_name(string field, string value, string expected) =>
        await EndpointTests.Require(shared.Server.PostAsync($$"""{"prompt":"a","{{field}}":{{value}}}"""), 400, null, $"{field} is {value}; it must be {expected}: this server does not offer it.", field);

    [Theory]
    // What LangChain, the evaluation harness and others send along.
    [InlineData(""" "best_of":1,"n":1,"frequency_penalty":0,"presence_penalty":0.0,"logit_bias":{},"suffix":"","user":"me" """)]
    [InlineData(""" "best_of":null,"n":null,"logit_bias":null,"suffix":null,"user":null,"stop":null,"logprobs":null,"seed":null,"stream":null,"stream_options":null,"echo":null,"top_p":null,"temperature":0 """)]
    // What vLLM's clients send at its defaults, and OpenAI's other endpoints.
    [InlineData(""" "top_k":-1,"min_p":0,"repetition_penalty":1.0,"length_penalty":1,"min_tokens":0,"ignore_eos":false,"use_beam_search":false,"early_stopping":false,"stop_token_ids":[],"include_stop_str_in_output":false """)]
    [InlineData(""" "top_k":-2147483648,"skip_special_tokens":true,"spaces_between_special_tokens":true,"add_special_tokens":true,"truncate_prompt_tokens":null,"prompt_logprobs":null,"allowed_token_ids":null,"bad_words":[],"priority":0 """)]
    [InlineData(""" "metadata":{},"store":false,"service_tier":"auto","response_format":{"type":"text"},"safety_identifier":"me","prompt_cache_key":"k","logit_bias":{"5":0},"n":1,"min_tokens":0.0,"stop":[] """)]
    [InlineData(""" "guided_json":null,"guided_regex":null,"guided_choice":null,"guided_grammar":null,"structured_outputs":null,"logits_processors":null,"return_tokens_as_token_ids":null,"kv_transfer_params":null,"vllm_xargs":null,"cache_salt":null """)]
    public async Task What_clients_send_without_meaning_anything_by_it_changes_nothing(string fields)
    {
        var plain = await shared.Server.CompleteAsync("""{"prompt":"a","temperature":0}""");
        var answer = await shared.Server.CompleteAsync($$"""{"model":"fake","prompt":"a","max_tokens":16,"temperature":0,{{fields.Replace(",\"temperature\":0", "", StringComparison.Ordinal)}}}""");
        Assert.Equal(plain["choices"]!.ToJsonString(), answer["choices"]!.ToJsonString());
    }

    [Fact]
    public void An_answer_quotes_no_more_of_what_is_no_json_than_anybody_reads() =>
        Assert.InRange(Assert.Throws<ApiException>(() => CompletionRequestReader.Read(Encoding.ASCII.GetBytes($"{{\"prompt\":t{new string('x', 100_000)}"))).Message.Length, 1500, 2500);
}

/// <summary>A server for a class of tests.</summary>
public sealed class OneServer : IAsyncLifetime
{
    internal TestServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
