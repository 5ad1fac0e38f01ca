using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using SparkTrain.Generation;
using SparkTrain.Tokenizers;

namespace SparkTrain.Launcher.Generation;

/// <summary>A prompt and the text that follows it so far.</summary>
internal sealed class TextContinuation
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly StringBuilder text = new();
    private readonly ContinuedText continued;

    public TextContinuation(PromptRequest request, ITokenizer tokenizer)
    {
        Sequence = new(request.Tokens, request.Settings.MaxTokens, request.Settings.Sampling);
        continued = new(tokenizer, request.Settings.Stop);
    }

    /// <summary>Its tokens.</summary>
    public Continuation Sequence { get; }

    /// <summary>The text that is certain.</summary>
    public string Text => text.ToString();

    /// <summary>Takes in the newest token; returns the text that has become certain, and asks for no more tokens behind a stop string.</summary>
    public string Advance()
    {
        string piece = continued.Append(Sequence.Tokens[^1], isLast: Sequence.Finish is not null);
        if (continued.IsStopped) Sequence.Stop();
        text.Append(piece);
        return piece;
    }

    /// <summary>Returns the result as one line of JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(new
    {
        Text,
        Sequence.Tokens,
        FinishReason = JsonNamingPolicy.SnakeCaseLower.ConvertName($"{Sequence.Finish}"),
        PromptTokens = Sequence.Prompt.Count,
        CompletionTokens = Sequence.Tokens.Count,
    }, Json);
}
