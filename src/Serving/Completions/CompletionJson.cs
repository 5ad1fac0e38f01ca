using System.Text.Json;
using SparkTrain.Generation;

namespace SparkTrain.Serving;

/// <summary>Completions in OpenAI's shape: the same object for a whole answer and for a piece of a stream.</summary>
/// <param name="id">The answer's name.</param>
/// <param name="created">When it was asked for.</param>
/// <param name="model">The model's name.</param>
/// <param name="tokenText">Names tokens.</param>
internal sealed class CompletionJson(string id, DateTimeOffset created, string model, TokenText tokenText)
{
    /// <summary>Returns an answer.</summary>
    /// <param name="choices">Its continuations, or pieces of them.</param>
    /// <param name="usage">Tokens that were read and generated; null for none.</param>
    /// <param name="saysNoUsage">Writes a usage of null where there is none.</param>
    public ReadOnlyMemory<byte> Of(IEnumerable<CompletionChoice> choices, (int Prompt, int Completion)? usage = null, bool saysNoUsage = false) => JsonText.Of(json =>
    {
        json.WriteStartObject();
        json.WriteString("id", id);
        json.WriteString("object", "text_completion");
        json.WriteNumber("created", created.ToUnixTimeSeconds());
        json.WriteString("model", model);
        json.WriteStartArray("choices");
        foreach (var choice in choices) Write(json, choice);
        json.WriteEndArray();
        if (usage is var (prompt, completion))
        {
            json.WriteStartObject("usage");
            json.WriteNumber("prompt_tokens", prompt);
            json.WriteNumber("completion_tokens", completion);
            json.WriteNumber("total_tokens", prompt + completion);
            json.WriteEndObject();
        }
        else if (saysNoUsage) json.WriteNull("usage");
        json.WriteEndObject();
    });

    private void Write(Utf8JsonWriter json, CompletionChoice choice)
    {
        json.WriteStartObject();
        json.WriteString("text", choice.Text);
        json.WriteNumber("index", choice.Index);
        if (choice.LogProbs is null) json.WriteNull("logprobs");
        else Write(json, choice.LogProbs);
        json.WriteString("finish_reason", choice.Finish switch { null => null, FinishReason.Length => "length", _ => "stop" });
        json.WriteEndObject();
    }

    private void Write(Utf8JsonWriter json, IReadOnlyList<TokenLogProb> tokens)
    {
        json.WriteStartObject("logprobs");
        json.WriteStartArray("tokens");
        foreach (var token in tokens) json.WriteStringValue(tokenText.Of(token.Token));
        json.WriteEndArray();
        json.WriteStartArray("token_logprobs");
        foreach (var token in tokens) Write(json, token.LogProb);
        json.WriteEndArray();
        json.WriteStartArray("top_logprobs");
        foreach (var token in tokens) WriteTop(json, token);
        json.WriteEndArray();
        json.WriteStartArray("text_offset");
        foreach (var token in tokens) json.WriteNumberValue(token.Offset);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    // The most probable tokens, and the one that is there. Of two with the same text the more probable counts.
    private void WriteTop(Utf8JsonWriter json, TokenLogProb token)
    {
        if (token.LogProb is not { } own)
        {
            json.WriteNullValue();
            return;
        }
        var written = new HashSet<string>();
        json.WriteStartObject();
        foreach (var (id, logProb) in token.Top.Append((token.Token, own)))
            if (tokenText.Of(id) is var text && written.Add(text)) json.WriteNumber(text, logProb);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, double? number)
    {
        if (number is { } value) json.WriteNumberValue(value);
        else json.WriteNullValue();
    }
}

/// <summary>A continuation, or a piece of it.</summary>
/// <param name="Index">Its number in the answer.</param>
/// <param name="Text">Its text.</param>
/// <param name="LogProbs">Its tokens, where they are asked for.</param>
/// <param name="Finish">Why it ended; null while it goes on.</param>
internal sealed record CompletionChoice(int Index, string Text, IReadOnlyList<TokenLogProb>? LogProbs, FinishReason? Finish);
