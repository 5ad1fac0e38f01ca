using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using SparkTrain.Configuration;
using SparkTrain.Generation;
using SparkTrain.Http;

namespace SparkTrain.Serving;

/// <summary>Reads the body of a request for completions. What OpenAI's clients send and this server does not offer is taken where it says nothing, and refused where it says something.</summary>
internal static class CompletionRequestReader
{
    private const int MaxChoices = 128, MaxLogProbs = 20, MaxStops = 16, MaxStopCharacters = 256;
    private const string Number = "a number", WholeNumber = "a whole number", Text = "a text", Flag = "true or false";

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    private static readonly Dictionary<string, (string Expected, Func<CompletionRequest, JsonElement, CompletionRequest> Read)> Fields = new()
    {
        ["model"] = (Text, (request, value) => request with { Model = String(value) }),
        ["prompt"] = ("a text, a list of token ids, a list of texts, or a list of lists of token ids", (request, value) => request with { Prompts = Prompts(value) }),
        ["max_tokens"] = (WholeNumber, (request, value) => request with { MaxTokens = Whole(value) }),
        ["n"] = (WholeNumber, (request, value) => request with { Choices = Whole(value) }),
        ["best_of"] = (WholeNumber, (request, value) => request with { BestOf = Whole(value) }),
        ["stream"] = (Flag, (request, value) => request with { Stream = value.GetBoolean() }),
        ["stream_options"] = ("an object with include_usage, true or false", (request, value) => request with { IncludeUsage = IncludeUsage(value) }),
        ["echo"] = (Flag, (request, value) => request with { Echo = value.GetBoolean() }),
        ["logprobs"] = (WholeNumber, (request, value) => request with { LogProbs = Whole(value) }),
        ["stop"] = ("a text or a list of texts", (request, value) => request with { Stops = value.ValueKind == JsonValueKind.String ? [String(value)] : [.. value.EnumerateArray().Select(String)] }),
        ["temperature"] = Sampling((sampling, value) => sampling with { Temperature = value }),
        ["top_p"] = Sampling((sampling, value) => sampling with { TopP = value }),
        // vLLM's neutral value is -1, llama.cpp's 0 or less.
        ["top_k"] = (WholeNumber, (request, value) => request with { Sampling = request.Sampling with { TopK = Math.Max(0, Whole(value)) } }),
        ["min_p"] = Sampling((sampling, value) => sampling with { MinP = value }),
        ["repetition_penalty"] = Sampling((sampling, value) => sampling with { RepetitionPenalty = value }),
        ["seed"] = (WholeNumber, (request, value) => request with { Seed = value.GetInt64() }),
        ["user"] = Ignored(),
        ["safety_identifier"] = Ignored(),
        ["prompt_cache_key"] = Ignored(),
    };

    private static readonly string[] Names = [.. Fields.Keys, .. NeutralFields.Names];

    /// <summary>Reads a body.</summary>
    /// <exception cref="ApiException">It is no such request, or a field of it is out of range.</exception>
    public static CompletionRequest Read(ReadOnlyMemory<byte> body)
    {
        if (!Utf8.IsValid(body.Span)) throw new ApiException(StatusCodes.Status400BadRequest, "The body is not UTF-8.");
        try
        {
            using var document = JsonDocument.Parse(body, Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw new ApiException(StatusCodes.Status400BadRequest, "The body must be a JSON object.");
            var request = new CompletionRequest();
            foreach (var field in document.RootElement.EnumerateObject()) request = ReadField(request, field);
            Check(request);
            return request;
        }
        catch (JsonException e)
        {
            throw new ApiException(StatusCodes.Status400BadRequest, "The body is not JSON: " + e.Message);
        }
        // What the reader of JSON throws at a name that no Unicode text can be.
        catch (InvalidOperationException)
        {
            throw new ApiException(StatusCodes.Status400BadRequest, "The name of a field has half of a surrogate pair in it.");
        }
    }

    private static CompletionRequest ReadField(CompletionRequest request, JsonProperty field)
    {
        if (field.Value.ValueKind == JsonValueKind.Null) return request;
        if (!Fields.TryGetValue(field.Name, out var known)) return RequireNothing(request, field);
        try
        {
            return known.Read(request, field.Value);
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            throw ApiException.Refuse(field.Name, $"is {Short(field.Value.GetRawText())}; it must be {known.Expected}.");
        }
    }

    // Some clients write every number with a point.
    private static int Whole(JsonElement value) =>
        value.TryGetInt32(out int number) ? number : value.GetDouble() is var real && (int)real == real ? (int)real : throw new FormatException();

    private static CompletionRequest RequireNothing(CompletionRequest request, JsonProperty field)
    {
        if (!NeutralFields.Names.Contains(field.Name))
            throw new ApiException(StatusCodes.Status400BadRequest, $"There is no field '{Short(field.Name)}'.{(NearestName.Of(Short(field.Name), Names) is { } near ? $" Did you mean {near}?" : "")}", Short(field.Name), "unknown_field");
        return NeutralFields.Problem(field.Name, field.Value) is { } expected ? throw ApiException.Refuse(field.Name, $"is {Short(field.Value.GetRawText())}; it must be {expected}.") : request;
    }

    private static void Check(CompletionRequest request)
    {
        if (request.Prompts.Count == 0) throw ApiException.Refuse("prompt", "is missing or empty; it must be a text, a list of token ids, a list of texts, or a list of lists of token ids.");
        Require(request.MaxTokens >= 0, "max_tokens", request.MaxTokens, "0 or more");
        Require(request.Choices is >= 1 and <= MaxChoices, "n", request.Choices, $"from 1 to {MaxChoices}");
        Require(request.BestOf is null || request.BestOf == request.Choices, "best_of", request.BestOf ?? 0, "equal to n: this server does not choose among candidates");
        Require(request.LogProbs is null or (>= 0 and <= MaxLogProbs), "logprobs", request.LogProbs ?? 0, $"from 0 to {MaxLogProbs}");
        Require(request.Stops.Count <= MaxStops, "stop", $"a list of {request.Stops.Count}", $"at most {MaxStops} texts");
        foreach (string stop in request.Stops) Require(stop.Length is >= 1 and <= MaxStopCharacters, "stop", $"a text of {stop.Length} characters", $"from 1 to {MaxStopCharacters} characters long");
        if (request.Sampling.FirstOutOfRange() is var (option, found, expected)) throw ApiException.Refuse(JsonNamingPolicy.SnakeCaseLower.ConvertName(option), Words(found, expected));
        if (request.IncludeUsage is not null && !request.Stream) throw ApiException.Refuse("stream_options", "is for streams only; set stream to true.");
    }

    private static void Require(bool isRight, string field, object found, string expected)
    {
        if (!isRight) throw ApiException.Refuse(field, Words(found, expected));
    }

    private static string Words(object found, string expected) => string.Create(CultureInfo.InvariantCulture, $"is {found}; it must be {expected}.");

    private static (string, Func<CompletionRequest, JsonElement, CompletionRequest>) Sampling(Func<SamplingOptions, double, SamplingOptions> set) =>
        (Number, (request, value) => request with { Sampling = set(request.Sampling, value.GetDouble()) });

    private static IReadOnlyList<PromptInput> Prompts(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => [new(String(value), null)],
        _ when value.GetArrayLength() == 0 => [],
        _ when value[0].ValueKind == JsonValueKind.Number => [new(null, Ids(value))],
        _ => [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? new PromptInput(String(item), null) : new PromptInput(null, Ids(item)))],
    };

    private static int[] Ids(JsonElement list) => [.. list.EnumerateArray().Select(id => id.GetInt32())];

    private static bool IncludeUsage(JsonElement options)
    {
        bool includes = false;
        foreach (var option in options.EnumerateObject())
        {
            // Noise against the observation of encrypted streams, which a client may switch off; there is none here.
            if (option.Name == "include_obfuscation") continue;
            // vLLM's usage behind every piece, which is not offered.
            if (option.Name == "continuous_usage_stats" && option.Value.ValueKind is JsonValueKind.False or JsonValueKind.Null) continue;
            if (option.Name != "include_usage") throw new FormatException();
            includes = option.Value.ValueKind != JsonValueKind.Null && option.Value.GetBoolean();
        }
        return includes;
    }

    private static (string, Func<CompletionRequest, JsonElement, CompletionRequest>) Ignored() => (Text, (request, value) => String(value) is null ? request : request);

    // GetString gives null for null only.
    private static string String(JsonElement value) => value.GetString() ?? throw new FormatException();

    private static string Short(string text) => text.Length <= 60 ? text : text[..(char.IsHighSurrogate(text[59]) ? 59 : 60)] + "…";
}
