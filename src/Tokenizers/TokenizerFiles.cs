using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SparkTrain.Input;

namespace SparkTrain.Tokenizers;

/// <summary>
/// The two files that a tokenizer is on disk: tokenizer.json, kept byte for byte, and tokenizer_config.json, which names the special
/// tokens.
/// </summary>
public sealed class TokenizerFiles
{
    /// <summary>The names of the two files.</summary>
    public const string Definition = "tokenizer.json", Config = "tokenizer_config.json";

    internal const string BosName = "<bos>", EosName = "<eos>";

    private static readonly string[] UsualBosNames = [BosName, "<s>", "<|begin_of_text|>"];
    private static readonly string[] UsualEosNames = [EosName, "</s>", "<|end_of_text|>", "<|endoftext|>"];

    private readonly byte[] definition;
    private readonly string? bosName, unusedBosName;
    private readonly string eosName;

    internal TokenizerFiles(string name, byte[] definition, string? bosName, string eosName, string? unusedBosName = null)
    {
        (Name, this.definition, this.bosName, this.eosName, this.unusedBosName) = (name, definition, bosName, eosName, unusedBosName);
        Hash = Convert.ToHexStringLower(SHA256.HashData([.. definition, .. Encoding.UTF8.GetBytes($"\nbos {bosName}\neos {eosName}")]));
    }

    internal string Name { get; }

    internal string Hash { get; }

    /// <summary>Writes the definition of a byte-level tokenizer of ours: <paramref name="pieces"/>, then begin and end tokens.</summary>
    internal static TokenizerFiles ForTrained(string name, IReadOnlyList<byte[]> pieces, IReadOnlyList<(int Left, int Right)> merges,
        bool split)
    {
        AddedToken[] added = [new(pieces.Count, BosName, IsSpecial: true), new(pieces.Count + 1, EosName, IsSpecial: true)];
        var names = pieces.Select(p => ByteLevel.ToPiece(p)).ToArray();
        var json = TokenizerJsonWriter.Write(pieces.Index(), merges.Select(m => (names[m.Left], names[m.Right])), added, split ? WordScanner.Pattern : null);
        return new(name, json, BosName, EosName);
    }

    /// <summary>Reads tokenizer.json at <paramref name="path"/> and the tokenizer_config.json beside it, where there is one.</summary>
    internal static ITokenizer Read(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var bytes = JsonFile.Bytes(path);
        var definition = new TokenizerJsonReader(path).Read(bytes);
        var configPath = Path.Combine(folder, Config);
        var config = TokenizerConfig.Read(configPath);
        var special = definition.AddedTokens.Where(t => t.IsSpecial).Select(t => t.Text).ToHashSet(StringComparer.Ordinal);
        var eos = config.EosToken ?? Array.Find(UsualEosNames, special.Contains)
            ?? throw new DataException(configPath, "no eos_token is named, and tokenizer.json has none of the usual names for it",
                "the token that ends a document", $"add \"eos_token\" to {Config} beside tokenizer.json");
        // A bos_token of null says that there is none; only where nothing is said the usual names count.
        var bos = config.SaysBos ? config.BosToken : Array.Find(UsualBosNames, special.Contains);
        if (bos == eos) bos = null;   // GPT-2 uses one token for both; a document then has an end only
        var name = config.Name ?? Path.GetFileName(folder);
        // A begin token that is named is not yet one that is added.
        var unused = bos is null || Adds(config, definition, bos) ? null : bos;
        if (unused is not null) bos = null;
        var files = new TokenizerFiles(name, bytes, bos, eos, unused);
        if (files.Hash == new ByteTokenizer().Hash) return new ByteTokenizer();
        return new BpeTokenizer(definition, files, bos is null ? null : Id(definition, bos, configPath), Id(definition, eos, configPath));
    }

    // As transformers does: what add_bos_token says; else what the template of tokenizer.json puts in front; else what the tokenizers of these models do by themselves.
    private static bool Adds(TokenizerConfig config, BpeDefinition definition, string bos) =>
        config.AddsBos ?? (definition.TemplateStart is { } start ? start == bos : config.Class is null || config.Class.StartsWith("Gemma", StringComparison.Ordinal) || config.Class.StartsWith("Llama", StringComparison.Ordinal));

    /// <summary>Builds the tokenizer of a definition that was just made.</summary>
    internal BpeTokenizer Open()
    {
        var parsed = new TokenizerJsonReader(Name).Read(definition);
        return new BpeTokenizer(parsed, this, bosName is null ? null : Id(parsed, bosName, Name), Id(parsed, eosName, Name));
    }

    internal void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, Definition), definition);
        var config = new Dictionary<string, object?>
        {
            ["tokenizer_class"] = "PreTrainedTokenizerFast",
            ["name_or_path"] = Name,
            ["bos_token"] = bosName ?? unusedBosName,
            ["eos_token"] = eosName,
            ["add_bos_token"] = bosName is not null,
            ["add_eos_token"] = false,
            ["clean_up_tokenization_spaces"] = false,
            // Models of this family take no token_type_ids, which transformers 4 would hand over.
            ["model_input_names"] = (string[])["input_ids", "attention_mask"],
        };
        File.WriteAllText(Path.Combine(folder, Config), JsonSerializer.Serialize(config, IndentedJson.Options) + "\n");
    }

    private static int Id(BpeDefinition definition, string name, string where) =>
        definition.AddedTokens.FirstOrDefault(t => t.Text == name)?.Id
        ?? throw new DataException(where, $"the special token '{name}' is named, but tokenizer.json does not list it under added_tokens",
            "a token of the vocabulary", $"correct bos_token and eos_token in {Config}");
}
