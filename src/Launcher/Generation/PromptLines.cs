using System.Globalization;
using System.Text.Json;
using SparkTrain.Configuration;
using SparkTrain.Generation;
using SparkTrain.Input;
using SparkTrain.ModelFormat;
using SparkTrain.Tokenizers;

namespace SparkTrain.Launcher.Generation;

/// <summary>Reads prompts from JSON lines: <c>{"prompt": "…"}</c> or <c>{"tokens": […]}</c>, with settings of the line's own under the names of the options.</summary>
internal sealed class PromptLines(ITokenizer tokenizer, ModelConfig model, GenerationSettings defaults)
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private static readonly Dictionary<string, (string Expected, Func<Line, JsonElement, Line> Read)> Fields = new()
    {
        ["prompt"] = ("a text", (line, value) => line with { Prompt = Text(value) }),
        ["tokens"] = ("a list of token ids", (line, value) => line with { Tokens = [.. value.EnumerateArray().Select(id => id.GetInt32())] }),
        ["max_tokens"] = ("a whole number", (line, value) => line with { Settings = line.Settings with { MaxTokens = value.GetInt32() } }),
        ["stop"] = ("a text or a list of texts", (line, value) => line with
        {
            Settings = line.Settings with { Stop = value.ValueKind == JsonValueKind.String ? [Text(value)] : [.. value.EnumerateArray().Select(Text)] },
        }),
        ["repetition_penalty"] = Number((line, value) => line with { RepetitionPenalty = value }),
        ["temperature"] = Number((line, value) => line with { Temperature = value }),
        ["top_k"] = ("a whole number", (line, value) => line.With(line.Settings.Sampling with { TopK = value.GetInt32() })),
        ["top_p"] = Number((line, value) => line with { TopP = value }),
        ["min_p"] = Number((line, value) => line with { MinP = value }),
        ["seed"] = ("a whole number", (line, value) => line.With(line.Settings.Sampling with { Seed = value.GetInt64() })),
    };

    /// <summary>Reads the lines of a text. The n-th line, counted from 1, has the default seed plus n − 1 where it names none.</summary>
    /// <param name="text">The lines.</param>
    /// <param name="file">Where they came from.</param>
    /// <exception cref="DataException">A line is not such an object, or does not fit the model.</exception>
    public IReadOnlyList<PromptRequest> Read(string text, string file)
    {
        var requests = new List<PromptRequest>();
        foreach (var (line, number) in TextLines.NotBlank(text.Split('\n')))
            requests.Add(Parse(line, string.Create(CultureInfo.InvariantCulture, $"{file}:{number}"), defaults with { Sampling = defaults.Sampling with { Seed = defaults.Sampling.Seed + requests.Count } }));
        return requests;
    }

    private PromptRequest Parse(string text, string where, GenerationSettings settings)
    {
        var line = ReadFields(text, where, new(null, null, settings));
        if (line.Prompt is null == line.Tokens is null) throw Refuse(where, line.Prompt is null ? "neither 'prompt' nor 'tokens'" : "both 'prompt' and 'tokens'", "one of the two");
        if (line.Settings.FirstOutOfRange() is var (setting, found, expected))
            throw Refuse(where, string.Create(CultureInfo.InvariantCulture, $"{JsonNamingPolicy.SnakeCaseLower.ConvertName(setting)} is {found}"), expected);
        var request = new PromptRequest(line.Tokens ?? tokenizer.EncodeFromStart(line.Prompt), line.Settings);
        request.Require(model, where);
        return request;
    }

    private static Line ReadFields(string text, string where, Line line)
    {
        try
        {
            using var json = JsonText.Parse(text, Strict);
            if (json.RootElement.ValueKind != JsonValueKind.Object) throw Refuse(where, $"a JSON {json.RootElement.ValueKind}", "one JSON object a line");
            foreach (var field in json.RootElement.EnumerateObject().Where(f => f.Value.ValueKind != JsonValueKind.Null)) line = ReadField(field, where, line);
            return line;
        }
        // Half a surrogate pair in a name is no JSON text either; reading the name says so.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new DataException(where, $"it is not JSON ({e.Reason()})", "one JSON object a line", "correct the line", e);
        }
    }

    private static Line ReadField(JsonProperty field, string where, Line line)
    {
        if (!Fields.TryGetValue(field.Name, out var known))
            throw Refuse(where, $"unknown field '{field.Name}'", NearestName.Of(field.Name, Fields.Keys) is { } near ? $"perhaps {near}" : $"some of {string.Join(", ", Fields.Keys)}");
        try
        {
            return known.Read(line, field.Value);
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            throw new DataException(where, $"{field.Name} is {Short(field.Value.GetRawText())}", known.Expected, "correct the line", e);
        }
    }

    // Half a surrogate pair, for which there are no bytes, is no text; GetString says so.
    private static string Text(JsonElement value) => value.GetString() ?? throw new FormatException();

    private static (string, Func<Line, JsonElement, Line>) Number(Func<SamplingOptions, double, SamplingOptions> set) =>
        ("a number", (line, value) => line.With(set(line.Settings.Sampling, value.GetDouble())));

    private static string Short(string json) => json.Length <= 40 ? json : json[..40] + "…";

    private static DataException Refuse(string where, string found, string expected) => new(where, found, expected, "correct the line");

    private sealed record Line(string? Prompt, IReadOnlyList<int>? Tokens, GenerationSettings Settings)
    {
        public Line With(SamplingOptions sampling) => this with { Settings = Settings with { Sampling = sampling } };
    }
}
