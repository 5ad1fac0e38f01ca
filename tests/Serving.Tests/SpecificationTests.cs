using System.Text.Json;
using SparkTrain.Tests;

namespace SparkTrain.Serving.Tests;

/// <summary>Answers as their readers know them: OpenAI's API description, the format of event streams, Prometheus' text format.</summary>
public sealed class SpecificationTests(OneServer shared) : IClassFixture<OneServer>
{
    private static CancellationToken Ends => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("""{"prompt":"a"}""", 1)]
    [InlineData("""{"prompt":["a","bc"],"n":2,"max_tokens":3,"logprobs":2,"echo":true}""", 4)]
    [InlineData("""{"prompt":[1,2,3],"max_tokens":0,"logprobs":0,"echo":true}""", 1)]
    [InlineData("""{"prompt":"\u2028 \u0000 \ud83d\ude00","max_tokens":2,"logprobs":5,"echo":true,"stop":"z"}""", 1)]
    public async Task A_completion_is_one_whole_or_in_pieces(string body, int choices)
    {
        using var answer = await shared.Server.PostAsync(body);
        var whole = OpenAi.Completion(await answer.Content.ReadAsStringAsync(Ends), isPiece: false);
        Assert.Equal(choices, whole.GetProperty("choices").GetArrayLength());
        Assert.True(whole.TryGetProperty("usage", out _));
        // A seed makes the pieces those of the whole.
        string seeded = body[..^1] + ",\"temperature\":0";
        var pieces = OpenAi.Stream(await shared.Server.StreamAsync(seeded + ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}"));
        var greedy = await shared.Server.CompleteAsync(seeded + "}");
        Assert.Empty(pieces[^1].GetProperty("choices").EnumerateArray());
        Assert.Equal(JsonSerializer.Serialize(greedy["usage"]), pieces[^1].GetProperty("usage").GetRawText());
        Assert.All(pieces[..^1], piece => Assert.Equal(JsonValueKind.Null, piece.GetProperty("usage").ValueKind));
        Assert.Single(pieces.Select(piece => piece.GetProperty("id").GetString()).Distinct());
        for (int i = 0; i < choices; i++)
        {
            var own = pieces.SelectMany(piece => piece.GetProperty("choices").EnumerateArray()).Where(choice => choice.GetProperty("index").GetInt32() == i).ToList();
            Assert.Equal(greedy["choices"]![i]!["text"]!.GetValue<string>(), string.Concat(own.Select(choice => choice.GetProperty("text").GetString())));
            // The last piece alone says why it ends.
            Assert.All(own[..^1], choice => Assert.Equal(JsonValueKind.Null, choice.GetProperty("finish_reason").ValueKind));
            Assert.Equal(greedy["choices"]![i]!["finish_reason"]!.GetValue<string>(), own[^1].GetProperty("finish_reason").GetString());
        }
    }

    [Theory]
    [InlineData("GET", "/none", "")]
    [InlineData("GET", "/v1/completions", "")]
    [InlineData("GET", "/v1/models/none", "")]
    [InlineData("POST", "/v1/completions", "{")]
    [InlineData("POST", "/v1/completions", """{"prompt":"a","nonsense":1}""")]
    [InlineData("POST", "/v1/completions", """{"prompt":"a","n":0}""")]
    [InlineData("POST", "/v1/chat/completions", "{}")]
    public async Task An_error_is_one(string method, string path, string body)
    {
        using var request = new HttpRequestMessage(new(method), path);
        if (body.Length > 0) request.Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await shared.Server.Client.SendAsync(request, Ends);
        OpenAi.Error(await answer.Content.ReadAsStringAsync(Ends));
    }

    [Fact]
    public async Task Models_are_listed_as_described()
    {
        OpenAi.RequireModels(await shared.Server.Client.GetStringAsync("/v1/models", Ends));
        OpenAi.RequireModel(JsonElement.Parse(await shared.Server.Client.GetStringAsync("/v1/models/fake", Ends)));
    }

    [Fact]
    public async Task The_page_of_metrics_is_Prometheus_text()
    {
        await shared.Server.CompleteAsync("""{"prompt":"a","max_tokens":1}""");
        var samples = PrometheusText.Read(await shared.Server.Client.GetStringAsync("/metrics", Ends));
        Assert.True(samples["sparktrain_requests_total{code=\"200\"}"] >= 1);
        Assert.True(samples["sparktrain_completion_seconds_count"] >= 1);
    }
}
