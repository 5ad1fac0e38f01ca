using System.Globalization;
using System.Text;
using System.Text.Json;
using SparkTrain.Data;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>Scores sequences: one JSON object a line in, one a line out.</summary>
public static class SequenceScorer
{
    /// <summary>
    /// Reads <c>{"tokens": […], "document_ids": […]?}</c> or <c>{"text": "…"}</c> a line and writes <c>{"logprobs": […]}</c>: the natural-log probability of each token
    /// but the first, given those before it (in its document, where ids are given). A text gets the tokenizer's begin token in front, so every token of it is scored.
    /// Returns the number of lines.
    /// </summary>
    /// <exception cref="DataException">A line is not such an object, or does not fit the model.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static long Score(TrainedModel trained, string input, string output)
    {
        using var writer = new StreamWriter(output, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        long line = 0;
        foreach (string text in File.ReadLines(input))
        {
            line++;
            var (tokens, documents) = Parse(trained, text, $"{input}:{line}");
            writer.Write("{\"logprobs\":[");
            writer.Write(string.Join(',', LogProbs(trained, tokens, documents).Select(p => p.ToString("R", CultureInfo.InvariantCulture))));
            writer.Write("]}\n");
        }
        return line;
    }

    private static float[] LogProbs(TrainedModel trained, long[] tokens, long[]? documents)
    {
        if (tokens.Length == 1) return [];
        using var scope = NewDisposeScope();
        var logProbs = trained.Model.LogProbs(tensor(tokens, [1, tokens.Length]), documents is null ? null : tensor(documents, [1, documents.Length]));
        return [.. logProbs.to(ScalarType.Float32).data<float>()];
    }

    private static (long[] Tokens, long[]? Documents) Parse(TrainedModel trained, string line, string where)
    {
        long[] tokens;
        long[]? documents = null;
        try
        {
            using var json = JsonDocument.Parse(line);
            var root = json.RootElement;
            if (root.TryGetProperty("tokens", out var list))
            {
                tokens = Numbers(list);
                if (root.TryGetProperty("document_ids", out var ids) && ids.ValueKind != JsonValueKind.Null) documents = Numbers(ids);
            }
            else
            {
                string text = root.GetProperty("text").GetString() ?? throw new FormatException("text is null");
                var ofText = new List<int> { trained.Tokenizer.BosToken ?? trained.Tokenizer.EosToken };
                trained.Tokenizer.Encode(text, ofText);
                tokens = [.. ofText.Select(t => (long)t)];
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new DataException(where, $"not a sequence ({e.Message.TrimEnd('.')})", "{\"text\": \"…\"} or {\"tokens\": […], \"document_ids\": […]}", "correct the line", e);
        }
        var config = trained.Model.Config;
        if (tokens.Length < 1 || tokens.Length > config.MaxSeqLen)
            throw new DataException(where, $"{tokens.Length} tokens", $"1 to {config.MaxSeqLen}, the model's length", "split the sequence");
        if (tokens.FirstOrDefault(t => t < 0 || t >= config.VocabSize, -1) is var bad && (bad != -1 || tokens.Contains(-1)))
            throw new DataException(where, $"token {bad}", $"0 to {config.VocabSize - 1}, the model's vocabulary", "encode the text with the model's own tokenizer");
        if (documents is not null && documents.Length != tokens.Length)
            throw new DataException(where, $"{documents.Length} document_ids for {tokens.Length} tokens", "one for each token", "correct the line");
        return (tokens, documents);
    }

    private static long[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(e => e.GetInt64())];
}
