using System.Globalization;
using System.Text.Json;
using SparkTrain.Input;
using SparkTrain.ModelFormat;
using SparkTrain.Tokenizers;

namespace SparkTrain.Trainer;

/// <summary>Reads sequences for a model: one JSON object a line, <c>{"tokens": […], "document_ids": […]?}</c> or <c>{"text": "…"}</c>.</summary>
public static class SequenceReader
{
    /// <summary>Reads the lines of a file, as they are asked for. A text gets the tokenizer's begin token in front, so that every token of it is scored.</summary>
    /// <param name="file">The file.</param>
    /// <param name="model">The model's shape.</param>
    /// <param name="tokenizer">Its tokenizer, asked for where a line is a text.</param>
    /// <exception cref="DataException">A line is not such an object, or does not fit the model.</exception>
    public static IEnumerable<TokenSequence> Read(string file, ModelConfig model, Func<ITokenizer> tokenizer)
    {
        foreach (var (line, number) in TextLines.NotBlank(File.ReadLines(file))) yield return Parse(line, string.Create(CultureInfo.InvariantCulture, $"{file}:{number}"), model, tokenizer);
    }

    private static TokenSequence Parse(string line, string where, ModelConfig model, Func<ITokenizer> tokenizer)
    {
        TokenSequence sequence;
        try
        {
            using var json = JsonText.Parse(line);
            var root = json.RootElement;
            sequence = root.TryGetProperty("tokens", out var list)
                ? new(Numbers(list), root.TryGetProperty("document_ids", out var ids) && ids.ValueKind != JsonValueKind.Null ? Numbers(ids) : null)
                : Encode((root.TryGetProperty("text", out var text) ? text : throw new FormatException("there is neither 'text' nor 'tokens'")).GetString() ?? throw new FormatException("text is null"), tokenizer);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new DataException(where, $"not a sequence ({e.Reason()})", "{\"text\": \"…\"} or {\"tokens\": […], \"document_ids\": […]}", "correct the line", e);
        }
        Check(sequence, model, where);
        return sequence;
    }

    private static TokenSequence Encode(string text, Func<ITokenizer> tokenizer) => new([.. tokenizer().EncodeFromStart(text).Select(t => (long)t)]);

    private static void Check(TokenSequence sequence, ModelConfig config, string where)
    {
        var (tokens, documents) = sequence;
        if (tokens.Length < 1 || tokens.Length > config.MaxSeqLen)
            throw new DataException(where, $"{tokens.Length} tokens", $"1 to {config.MaxSeqLen}, the model's length", "split the sequence");
        if (Array.FindIndex(tokens, t => t < 0 || t >= config.VocabSize) is var bad and >= 0)
            throw new DataException(where, $"token {tokens[bad]}", $"0 to {config.VocabSize - 1}, the model's vocabulary", "encode the text with the model's own tokenizer");
        if (documents is not null && documents.Length != tokens.Length)
            throw new DataException(where, $"{documents.Length} document_ids for {tokens.Length} tokens", "one for each token", "correct the line");
    }

    private static long[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(e => e.GetInt64())];
}
