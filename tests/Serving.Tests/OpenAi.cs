using System.Text.Json;

namespace SparkTrain.Serving.Tests;

/// <summary>
/// Reads answers strictly, written from OpenAI's API description (github.com/openai/openai-openapi: CreateCompletionResponse, ErrorResponse, ListModelsResponse) and the stream format of the HTML standard (9.2.6, "Interpreting an event
/// stream"): required members must be there with their types, and no member that is not described but those named here.
/// </summary>
internal static class OpenAi
{
    /// <summary>Reads a completion, or a piece of a stream, which may leave finish_reason null.</summary>
    public static JsonElement Completion(string json, bool isPiece)
    {
        var answer = Object(json, ["id", "choices", "created", "model", "object"], ["system_fingerprint", "usage"]);
        Assert.Equal("text_completion", answer.GetProperty("object").GetString());
        Assert.NotEmpty(answer.GetProperty("id").GetString()!);
        Assert.NotEmpty(answer.GetProperty("model").GetString()!);
        Assert.InRange(DateTimeOffset.FromUnixTimeSeconds(answer.GetProperty("created").GetInt64()), DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        foreach (var choice in answer.GetProperty("choices").EnumerateArray()) RequireChoice(choice, isPiece);
        if (answer.TryGetProperty("usage", out var usage) && !(isPiece && usage.ValueKind == JsonValueKind.Null)) RequireUsage(usage);
        return answer;
    }

    /// <summary>Reads a stream: its pieces, of which the last event is [DONE].</summary>
    public static List<JsonElement> Stream(string body)
    {
        var events = new List<string>();
        string? data = null;
        foreach (string line in body.Split('\n'))
        {
            if (line.Length == 0)
            {
                if (data is not null) events.Add(data);
                data = null;
            }
            else if (line.StartsWith("data:", StringComparison.Ordinal))
            {
                string value = line[5..].StartsWith(' ') ? line[6..] : line[5..];
                data = data is null ? value : data + "\n" + value;
            }
            else
            {
                Assert.Fail("no field of a completion's stream: " + line);
            }
        }
        Assert.Null(data);
        Assert.Equal("[DONE]", events[^1]);
        return [.. events[..^1].Select(e => Completion(e, isPiece: true))];
    }

    /// <summary>Reads an error.</summary>
    public static JsonElement Error(string json)
    {
        var error = Object(Object(json, ["error"], []).GetProperty("error"), ["code", "message", "param", "type"], []);
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        Assert.NotEmpty(error.GetProperty("type").GetString()!);
        foreach (string name in (string[])["code", "param"]) Assert.True(error.GetProperty(name).ValueKind is JsonValueKind.String or JsonValueKind.Null, name);
        return error;
    }

    /// <summary>Reads a model; max_model_len is vLLM's.</summary>
    public static void RequireModel(JsonElement model)
    {
        Object(model, ["id", "object", "created", "owned_by"], ["max_model_len"]);
        Assert.Equal("model", model.GetProperty("object").GetString());
        Assert.True(model.GetProperty("created").GetInt64() > 0);
        Assert.NotEmpty(model.GetProperty("id").GetString()!);
        Assert.NotEmpty(model.GetProperty("owned_by").GetString()!);
    }

    /// <summary>Reads the list of models.</summary>
    public static void RequireModels(string json)
    {
        var list = Object(json, ["object", "data"], []);
        Assert.Equal("list", list.GetProperty("object").GetString());
        foreach (var model in list.GetProperty("data").EnumerateArray()) RequireModel(model);
    }

    private static void RequireChoice(JsonElement choice, bool isPiece)
    {
        Object(choice, ["finish_reason", "index", "logprobs", "text"], []);
        var finish = choice.GetProperty("finish_reason");
        Assert.True(isPiece && finish.ValueKind == JsonValueKind.Null || finish.GetString() is "stop" or "length" or "content_filter");
        Assert.True(choice.GetProperty("index").GetInt32() >= 0);
        Assert.NotNull(choice.GetProperty("text").GetString());
        if (choice.GetProperty("logprobs") is { ValueKind: not JsonValueKind.Null } logProbs) RequireLogProbs(logProbs);
    }

    private static void RequireLogProbs(JsonElement logProbs)
    {
        Object(logProbs, [], ["text_offset", "token_logprobs", "tokens", "top_logprobs"]);
        int count = logProbs.GetProperty("tokens").GetArrayLength();
        foreach (var list in logProbs.EnumerateObject()) Assert.Equal(count, list.Value.GetArrayLength());
        foreach (var offset in logProbs.GetProperty("text_offset").EnumerateArray()) Assert.True(offset.GetInt32() >= 0);
        foreach (var token in logProbs.GetProperty("tokens").EnumerateArray()) Assert.NotNull(token.GetString());
        // The first token of an echoed prompt has none.
        foreach (var number in logProbs.GetProperty("token_logprobs").EnumerateArray()) Assert.True(number.ValueKind == JsonValueKind.Null || number.GetDouble() <= 0);
        foreach (var top in logProbs.GetProperty("top_logprobs").EnumerateArray())
            Assert.True(top.ValueKind == JsonValueKind.Null || top.EnumerateObject().All(token => token.Value.GetDouble() <= 0));
    }

    private static void RequireUsage(JsonElement usage)
    {
        Object(usage, ["completion_tokens", "prompt_tokens", "total_tokens"], ["completion_tokens_details", "prompt_tokens_details"]);
        Assert.Equal(usage.GetProperty("total_tokens").GetInt32(), usage.GetProperty("prompt_tokens").GetInt32() + usage.GetProperty("completion_tokens").GetInt32());
    }

    private static JsonElement Object(string json, string[] required, string[] others) => Object(JsonDocument.Parse(json, new() { AllowDuplicateProperties = false }).RootElement, required, others);

    private static JsonElement Object(JsonElement json, string[] required, string[] others)
    {
        string[] names = [.. json.EnumerateObject().Select(member => member.Name)];
        Assert.Empty(required.Except(names));
        Assert.Empty(names.Except(required).Except(others));
        return json;
    }
}
