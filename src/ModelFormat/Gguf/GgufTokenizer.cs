using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using SparkTrain.Input;

namespace SparkTrain.ModelFormat.Gguf;

/// <summary>What a GGUF file says of a tokenizer.</summary>
public sealed partial class GgufTokenizer
{
    // The format's numbers of token types.
    private const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6;

    // Gemma 3 has 33 MB.
    private const int MaxBytes = 512 << 20;

    // Below every merge: a piece that no merge makes is never made.
    private const float Unmade = -1e9f;

    private readonly string model;
    private readonly string? splitName;
    private readonly string[] tokens;
    private readonly int[] types;
    private readonly IReadOnlyList<string>? merges;
    private readonly float[]? scores;
    private readonly int? bos;
    private readonly int eos;

    private GgufTokenizer(string path, JsonElement root, int vocabSize, int? bos, int eos)
    {
        (this.bos, this.eos) = (bos, eos);
        var definition = root.GetProperty("model");
        bool usesSpaceMark = root.TryGetProperty("normalizer", out var normalizer) && normalizer.ValueKind == JsonValueKind.Object && normalizer.GetProperty("type").GetString() == "Replace";
        (tokens, types) = Tokens(path, root, definition, vocabSize, usesSpaceMark);
        var pairs = Merges(definition);
        (model, splitName) = usesSpaceMark ? ("llama", null) : ("gpt2", SplitName(path, root, pairs.Count));
        if (usesSpaceMark) scores = Scores(pairs);
        else merges = [.. pairs.Select(pair => $"{pair.Left} {pair.Right}")];
    }

    /// <summary>Reads a tokenizer.json of type BPE that <c>Data</c> has accepted: byte-level (GPT-2, Llama 3, ours), or of characters with space marks (Gemma).</summary>
    /// <param name="path">The file.</param>
    /// <param name="vocabSize">Rows of the model's embedding; ids that the tokenizer does not use become unused tokens.</param>
    /// <param name="bos">The token that begins a document, where there is one.</param>
    /// <param name="eos">The token that ends a document.</param>
    /// <exception cref="ModelFormatException">The file cannot be read, or it cuts text in a way that llama.cpp has not.</exception>
    public static GgufTokenizer Read(string path, int vocabSize, int? bos, int eos)
    {
        try
        {
            using var document = JsonText.Parse(RegularFile.ReadAllBytes(path, MaxBytes));
            return new(path, document.RootElement, vocabSize, bos, eos);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new ModelFormatException(path, $"it cannot be read ({e.Reason()})", "the tokenizer.json of the model", "check the path", e);
        }
    }

    internal void AddTo(GgufHeader header)
    {
        header.Add("tokenizer.ggml.model", model);
        if (splitName is not null) header.Add("tokenizer.ggml.pre", splitName);
        header.Add("tokenizer.ggml.tokens", tokens);
        if (scores is not null) header.Add("tokenizer.ggml.scores", scores);
        header.Add("tokenizer.ggml.token_type", types);
        if (merges is not null) header.Add("tokenizer.ggml.merges", merges);
        if (bos is { } begin) header.Add("tokenizer.ggml.bos_token_id", (uint)begin);
        header.Add("tokenizer.ggml.eos_token_id", (uint)eos);
        header.Add("tokenizer.ggml.add_bos_token", bos is not null);
        header.Add("tokenizer.ggml.add_eos_token", false);
        if (scores is not null) header.Add("tokenizer.ggml.add_space_prefix", false);
    }

    private static (string[], int[]) Tokens(string path, JsonElement root, JsonElement definition, int vocabSize, bool usesSpaceMark)
    {
        var tokens = new string?[vocabSize];
        int[] types = new int[vocabSize];
        string? unknown = definition.TryGetProperty("unk_token", out var name) ? name.GetString() : null;
        foreach (var piece in definition.GetProperty("vocab").EnumerateObject())
            Set(piece.Value.GetInt32(), piece.Name, piece.Name == unknown ? Unknown : usesSpaceMark && ByteName().IsMatch(piece.Name) ? Byte : Normal);
        if (root.TryGetProperty("added_tokens", out var added))
            foreach (var token in added.EnumerateArray())
            {
                string text = token.GetProperty("content").GetString() ?? "";
                bool isSpecial = token.TryGetProperty("special", out var special) && special.ValueKind == JsonValueKind.True;
                // llama.cpp looks for these in the text as it stands, before spaces become marks.
                Set(token.GetProperty("id").GetInt32(), usesSpaceMark ? text.Replace('\u2581', ' ') : text, text == unknown ? Unknown : isSpecial ? Control : UserDefined);
            }
        for (int id = 0; id < vocabSize; id++)
            if (tokens[id] is null) (tokens[id], types[id]) = (string.Create(CultureInfo.InvariantCulture, $"[PAD{id}]"), Unused);
        if (tokens.GroupBy(token => token).FirstOrDefault(same => same.Count() > 1) is { } repeated)
            throw new ModelFormatException(path, $"two tokens are named '{repeated.Key}'", "names that differ, as llama.cpp wants them", "rename one of them");
        return ([.. tokens.Select(token => token!)], types);

        void Set(int id, string text, int type)
        {
            if (id < 0 || id >= vocabSize) throw new ModelFormatException(path, $"'{text}' has id {id}", $"ids below the model's vocab_size, {vocabSize}", "use the tokenizer that the model was trained with");
            (tokens[id], types[id]) = (text, type);
        }
    }

    // "a b" in older files, ["a", "b"] in newer ones.
    private static List<(string Left, string Right)> Merges(JsonElement definition)
    {
        List<(string, string)> pairs = [];
        if (!definition.TryGetProperty("merges", out var list)) return pairs;
        foreach (var merge in list.EnumerateArray())
        {
            if (merge.ValueKind == JsonValueKind.Array) pairs.Add((merge[0].GetString()!, merge[1].GetString()!));
            else if (merge.GetString()!.Split(' ', 2) is [var left, var right]) pairs.Add((left, right));
        }
        return pairs;
    }

    // Where llama.cpp has scores, it merges to the piece of the highest one first: a piece counts as its first merge does.
    private float[] Scores(List<(string Left, string Right)> pairs)
    {
        var rank = new Dictionary<string, int>();
        foreach (var (left, right) in pairs) rank.TryAdd(left + right, rank.Count);
        return [.. tokens.Select((token, id) => types[id] != Normal ? 0 : rank.TryGetValue(token, out int at) ? -at : Unmade)];
    }

    // What llama.cpp calls the expression that cuts text before merges.
    private static string SplitName(string path, JsonElement root, int merges)
    {
        var step = root.GetProperty("pre_tokenizer");
        if (step.TryGetProperty("pretokenizers", out var steps)) step = steps[0];
        if (step.GetProperty("type").GetString() == "Split")
            return step.GetProperty("pattern").GetProperty("Regex").GetString() is var pattern && pattern == Llama3Split ? "llama-bpe"
                : throw Refuse(path, $"it cuts text by {pattern}");
        bool usesRegex = !step.TryGetProperty("use_regex", out var flag) || flag.ValueKind == JsonValueKind.True;
        // Without merges it does not matter where text is cut.
        return usesRegex || merges == 0 ? "gpt-2" : throw Refuse(path, "it does not cut text before merges");
    }

    private static ModelFormatException Refuse(string path, string found) =>
        new($"{path} pre_tokenizer", found, "the expression of GPT-2 or of Llama 3: llama.cpp has each tokenizer's built in", "export a model folder");

    private const string Llama3Split = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    [GeneratedRegex("^<0x[0-9A-F]{2}>$")]
    private static partial Regex ByteName();
}
