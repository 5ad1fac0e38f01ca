using System.Text.Json;

namespace SparkTrain.Serving;

/// <summary>
/// Fields of OpenAI's and vLLM's completions that this server does not offer, each with the value that says nothing: clients send them so, and are not refused for it. null says nothing for any of them.
/// Sources: OpenAI's API reference (Completions; metadata, store and service_tier of its other endpoints), vLLM's CompletionRequest and SamplingParams.
/// </summary>
internal static class NeutralFields
{
    private const string NotOffered = ": this server does not offer it", OwnPenalty = ": this server has repetition_penalty instead";

    private static readonly Dictionary<string, (string Expected, Func<JsonElement, bool> SaysNothing)> Fields = new()
    {
        ["frequency_penalty"] = ("0" + OwnPenalty, IsNumber(0)),
        ["presence_penalty"] = ("0" + OwnPenalty, IsNumber(0)),
        ["logit_bias"] = ("empty" + NotOffered, value => value.ValueKind == JsonValueKind.Object && value.EnumerateObject().All(bias => IsNumber(0)(bias.Value))),
        ["suffix"] = ("empty" + NotOffered, value => value.ValueEquals("")),
        ["metadata"] = Empty(),
        ["store"] = Off(),
        ["service_tier"] = ("\"auto\" or \"default\"" + NotOffered, value => value.ValueEquals("auto") || value.ValueEquals("default")),
        ["response_format"] = ("{\"type\": \"text\"}" + NotOffered, value => value.EnumerateObject().All(part => part.NameEquals("type") && part.Value.ValueEquals("text"))),
        ["use_beam_search"] = Off(),
        ["length_penalty"] = ("1" + NotOffered, IsNumber(1)),
        ["early_stopping"] = Off(),
        ["min_tokens"] = ("0" + NotOffered, IsNumber(0)),
        ["ignore_eos"] = Off(),
        ["stop_token_ids"] = Empty(),
        ["bad_words"] = Empty(),
        ["allowed_token_ids"] = Empty(),
        ["include_stop_str_in_output"] = Off(),
        ["skip_special_tokens"] = On(),
        ["spaces_between_special_tokens"] = On(),
        ["add_special_tokens"] = On(),
        ["truncate_prompt_tokens"] = Nothing(),
        ["prompt_logprobs"] = Nothing(),
        ["prompt_embeds"] = Nothing(),
        ["logits_processors"] = Empty(),
        ["return_tokens_as_token_ids"] = Off(),
        ["return_token_ids"] = Off(),
        ["priority"] = ("0" + NotOffered, IsNumber(0)),
        ["guided_json"] = Nothing(),
        ["guided_regex"] = Nothing(),
        ["guided_choice"] = Nothing(),
        ["guided_grammar"] = Nothing(),
        ["guided_decoding_backend"] = Nothing(),
        ["guided_whitespace_pattern"] = Nothing(),
        ["structured_outputs"] = Nothing(),
        ["cache_salt"] = Nothing(),
        ["kv_transfer_params"] = Nothing(),
        ["vllm_xargs"] = Empty(),
    };

    /// <summary>The names, in no order that means anything.</summary>
    public static IEnumerable<string> Names => Fields.Keys;

    /// <summary>Returns what a field must be where its value asks for something; null where it asks for nothing.</summary>
    public static string? Problem(string name, JsonElement value)
    {
        var (expected, saysNothing) = Fields[name];
        return value.ValueKind == JsonValueKind.Null || SaysNothing(value, saysNothing) ? null : expected;
    }

    // A value of another type than the field's asks for something.
    private static bool SaysNothing(JsonElement value, Func<JsonElement, bool> rule)
    {
        try
        {
            return rule(value);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static Func<JsonElement, bool> IsNumber(double neutral) => value => value.ValueKind == JsonValueKind.Number && value.GetDouble() == neutral;

    private static (string, Func<JsonElement, bool>) Off() => ("false" + NotOffered, value => value.ValueKind == JsonValueKind.False);

    private static (string, Func<JsonElement, bool>) On() => ("true" + NotOffered, value => value.ValueKind == JsonValueKind.True);

    private static (string, Func<JsonElement, bool>) Nothing() => ("null" + NotOffered, _ => false);

    private static (string, Func<JsonElement, bool>) Empty() => ("empty" + NotOffered, value => value.ValueKind switch
    {
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        JsonValueKind.Array => value.GetArrayLength() == 0,
        _ => false,
    });
}
