using System.Globalization;
using System.Text;
using System.Text.Json;
using SparkTrain.ModelFormat;
using SparkTrain.ModelFormat.Gguf;
using SparkTrain.Tokenizers;

namespace SparkTrain.Bench;

/// <summary>Tokenizers: byte-level ones in the layouts of now and of before, one of characters with space marks, and OpenAI's rank files.</summary>
internal static class TokenizerInputs
{
    private const string Ranks = "ranks.tiktoken";

    // The smallest vocabulary that is known by its size.
    private const int RankCount = 50_256;

    private static readonly string[] Texts = ["", "Hello, world! 123\n\n  ä€三😀\t<bos>", "a\ud800b", new('a', 300), string.Concat(Enumerable.Repeat("ab ", 100))];

    /// <summary>Makes tokenizer.json and what stands beside it.</summary>
    public static IReadOnlyList<FuzzInput> Make(string folder) =>
    [
        .. ((string[])["bpe-1024", "legacy-tokenizer/legacy", "legacy-tokenizer/one-step"]).Select(name => Of(ParquetInputs.Golden(name + "/tokenizer.json"), ParquetInputs.Golden(name + "/tokenizer_config.json"))),
        Of(Encoding.UTF8.GetBytes(WithSpaceMarks()), """{"tokenizer_class":"GemmaTokenizer","bos_token":{"content":"<bos>","special":true},"eos_token":"<eos>","add_bos_token":true}"""u8.ToArray()),
        Saved(folder),
    ];

    /// <summary>Makes a rank file.</summary>
    public static IReadOnlyList<FuzzInput> MakeRanks(string folder)
    {
        var text = new StringBuilder();
        // All bytes, then pairs of bytes.
        for (int rank = 0; rank < RankCount; rank++)
            text.Append(Convert.ToBase64String(rank < 256 ? [(byte)rank] : [(byte)(rank - 256), (byte)((rank - 256) >> 8)])).Append(' ').Append(rank.ToString(CultureInfo.InvariantCulture)).Append('\n');
        return [FuzzInput.Of(Ranks, text.ToString())];
    }

    /// <summary>Uses a tokenizer, writes it, and takes from it what a GGUF file needs.</summary>
    public static void ReadFolder(string folder)
    {
        string saved = Path.Combine(folder, "saved");
        var tokenizer = Use(folder);
        tokenizer.Save(saved);
        GgufTokenizer.Read(Path.Combine(saved, "tokenizer.json"), tokenizer.VocabSize, tokenizer.BosToken, tokenizer.EosToken);
    }

    /// <summary>Uses the tokenizer of a rank file.</summary>
    public static void ReadRanks(string folder) => Use(Path.Combine(folder, Ranks));

    // Loads it, encodes and decodes.
    private static ITokenizer Use(string spec)
    {
        var tokenizer = TokenizerLoader.Load(spec);
        foreach (string text in Texts)
        {
            List<int> tokens = [];
            tokenizer.Encode(text, tokens);
            tokenizer.Encode(text, tokens, parseSpecials: true);
            tokenizer.Decode([.. tokens]);
            if (tokens.FirstOrDefault(token => token < 0 || token >= tokenizer.VocabSize) is not 0 and var token) throw new InvalidOperationException($"token {token} of {tokenizer.VocabSize}");
        }
        for (int token = 0; token < Math.Min(tokenizer.VocabSize, 5000); token++) _ = tokenizer.Bytes(token).Length + tokenizer.ByteLength(token);
        return tokenizer;
    }

    private static FuzzInput Of(byte[] definition, byte[] config) => new(new SortedDictionary<string, byte[]>(StringComparer.Ordinal) { ["tokenizer.json"] = definition, ["tokenizer_config.json"] = config });

    private static FuzzInput Saved(string folder)
    {
        string trained = Path.Combine(folder, "bytes");
        new ByteTokenizer().Save(trained);
        return FuzzInput.OfFolder(trained);
    }

    private static string WithSpaceMarks()
    {
        string[] pieces = ["<pad>", "<eos>", "<bos>", "<unk>", .. Enumerable.Range(0, 256).Select(i => $"<0x{i:X2}>"), "\u2581", "a", "b", "ab", "\u2581a", "\u2581ab", "h", "e", "he", "l", "ll"];
        var vocabulary = pieces.Index().ToDictionary(piece => piece.Item, piece => piece.Index);
        return JsonSerializer.Serialize(new
        {
            version = "1.0",
            added_tokens = pieces[..4].Select((text, id) => new { id, content = text, single_word = false, lstrip = false, rstrip = false, normalized = false, special = true }),
            normalizer = new { type = "Replace", pattern = new { String = " " }, content = "\u2581" },
            pre_tokenizer = new { type = "Split", pattern = new { String = " " }, behavior = "MergedWithPrevious", invert = false },
            post_processor = new { type = "TemplateProcessing", single = new object[] { new { SpecialToken = new { id = "<bos>", type_id = 0 } }, new { Sequence = new { id = "A", type_id = 0 } } } },
            decoder = new { type = "Sequence", decoders = new object[] { new { type = "Replace", pattern = new { String = "\u2581" }, content = " " }, new { type = "ByteFallback" }, new { type = "Fuse" } } },
            model = new { type = "BPE", dropout = (double?)null, unk_token = "<unk>", fuse_unk = true, byte_fallback = true, ignore_merges = false, vocab = vocabulary, merges = (string[][])[["a", "b"], ["\u2581", "a"], ["\u2581", "ab"], ["h", "e"], ["l", "l"]] },
        });
    }
}
