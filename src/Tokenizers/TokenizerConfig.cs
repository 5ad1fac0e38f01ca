using System.Text.Json;
using SparkTrain.Input;

namespace SparkTrain.Tokenizers;

/// <summary>
/// Content of a tokenizer_config.json about the special tokens. <see cref="SaysBos"/> is true where it says something of a begin token, if only that there is none;
/// <see cref="AddsBos"/> is its add_bos_token.
/// </summary>
internal sealed record TokenizerConfig(string? Name, string? BosToken, bool SaysBos, string? EosToken, bool? AddsBos, string? Class)
{
    /// <summary>Reads the file at <paramref name="path"/>; where there is none, nothing is said.</summary>
    public static TokenizerConfig Read(string path) => File.Exists(path) ? JsonFile.Read(path, JsonFile.Bytes(path), config => Read(path, config)) : new(null, null, false, null, null, null);

    private static TokenizerConfig Read(string path, JsonElement config) => new(
        config.TryGetProperty("name_or_path", out var name) && name.ValueKind == JsonValueKind.String && name.GetString() is { Length: > 0 } text ? text : null,
        TokenName(path, config, "bos_token"), config.TryGetProperty("bos_token", out _), TokenName(path, config, "eos_token"),
        config.TryGetProperty("add_bos_token", out var adds) && adds.ValueKind is JsonValueKind.True or JsonValueKind.False ? adds.GetBoolean() : null,
        config.TryGetProperty("tokenizer_class", out var kind) && kind.ValueKind == JsonValueKind.String ? kind.GetString() : null);

    // A token is named by a string or by an object { "content": … }.
    private static string? TokenName(string path, JsonElement config, string key)
    {
        if (!config.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("content", out var content)) value = content;
        if (value.ValueKind != JsonValueKind.String)
            throw new DataException($"{path} {key}", $"it is {value.GetRawText()}", "a token's text, or an object with its content", "correct it, or set it to null");
        return value.GetString() is { Length: > 0 } text ? text : null;
    }
}
