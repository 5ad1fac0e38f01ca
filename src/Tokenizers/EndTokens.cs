using System.Text.Json;
using SparkTrain.Input;

namespace SparkTrain.Tokenizers;

/// <summary>A model's tokenizer with the end tokens that the model's generation_config.json, or else its config.json, names beside the tokenizer's own: models that were taught to answer end a turn by another one.</summary>
internal sealed class EndTokens : ITokenizer
{
    private static readonly string[] Files = ["generation_config.json", "config.json"];

    private readonly ITokenizer tokenizer;
    private readonly HashSet<int> ends;

    private EndTokens(ITokenizer tokenizer, IEnumerable<int> ends) => (this.tokenizer, this.ends) = (tokenizer, [.. ends, tokenizer.EosToken]);

    /// <summary>Returns the tokenizer, with the end tokens that files of the folder name.</summary>
    /// <exception cref="DataException">A file names something else than token ids of the model.</exception>
    public static ITokenizer Of(ITokenizer tokenizer, string folder, int modelVocabSize)
    {
        foreach (string file in Files.Select(name => Path.Combine(folder, name)).Where(File.Exists))
        {
            int[] named = JsonFile.Read(file, JsonFile.Bytes(file), root => Read(root, file, modelVocabSize));
            if (named.Length > 0) return named.Any(id => id != tokenizer.EosToken) ? new EndTokens(tokenizer, named) : tokenizer;
        }
        return tokenizer;
    }

    private static int[] Read(JsonElement root, string file, int vocabSize)
    {
        if (!root.TryGetProperty("eos_token_id", out var value) || value.ValueKind == JsonValueKind.Null) return [];
        JsonElement[] ids = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        return [.. ids.Select(id => id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int number) && number >= 0 && number < vocabSize ? number
            : throw new DataException($"{file} eos_token_id", $"it is {value.GetRawText()}", $"a token id from 0 to {vocabSize - 1}, or a list of them", "correct it, or remove it"))];
    }

    public string Name => tokenizer.Name;

    public string Hash => tokenizer.Hash;

    public int VocabSize => tokenizer.VocabSize;

    public int? BosToken => tokenizer.BosToken;

    public int EosToken => tokenizer.EosToken;

    public bool EndsText(int token) => ends.Contains(token);

    public void Encode(ReadOnlySpan<char> text, List<int> tokens, bool parseSpecials = false, CancellationToken cancellation = default) => tokenizer.Encode(text, tokens, parseSpecials, cancellation);

    public string Decode(ReadOnlySpan<int> tokens) => tokenizer.Decode(tokens);

    public ReadOnlySpan<byte> Bytes(int token) => tokenizer.Bytes(token);

    public int ByteLength(int token) => tokenizer.ByteLength(token);

    public void Save(string folder) => tokenizer.Save(folder);
}
