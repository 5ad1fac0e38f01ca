using System.Text.Json.Nodes;
using SparkTrain.Tokenizers;

namespace SparkTrain.Integration.Tests;

/// <summary>llama.cpp itself opens exported files of each kind of tokenizer, and reads hard texts into the tokens that ours gives.</summary>
[Trait("Category", PeerPrograms.Category)]
public sealed class LlamaCppTokenizerTests : IDisposable
{
    // The names of special tokens are left out: llama.cpp is asked not to look for them, and our tokenizers take them for text.
    private static readonly string[] Texts =
    [
        "", " ", "  ", "   three spaces before, two behind  ", "a\n\n\nb\r\n\r\nc\t\td", "it's I'M we'LL they'd O'Neil's ''s", "1 12 123 1234 12345678.90 ½ ² ٣٤٥ Ⅷ", "naïve café Ünïcödé e\u0301 Ǆ ﬁ",
        "日本語のテキスト、你好世界。한국어", "🙂👩‍👩‍👧🏽 \U0001F1E9\U0001F1EA 𝒳𝟙𐐷", "\u00A0\u2003\u3000\u200B\uFEFFx\u0001\u007F", "def f(x):\n    return x ** 2  # !!!???...;;;\n", "<b>html</b> &amp; \"“quoted”\" — – - −", "\u2581 marks \u2581\u2581", "<0x41>ĠĊ",
    ];

    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    [Theory]
    [InlineData("bpe-1024", 1024, null, null)]                                        // Llama 3's expression
    [InlineData("bpe-1024", 1030, """{"ignore_merges":true}""", null)]                // and its way with whole words; rows beyond the tokenizer's ids
    [InlineData("bpe-1024", 1024, null, """{"add_bos_token":false}""")]
    [InlineData("legacy-tokenizer/legacy", 268, null, null)]                          // GPT-2's expression, no begin token
    [InlineData("legacy-tokenizer/one-step", 268, null, null)]
    public void Hard_texts_become_the_same_tokens(string golden, int vocabSize, string? model, string? settings)
    {
        string shape = $$"""{"vocab_size":{{vocabSize}},"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":1,"num_key_value_heads":1,"head_dim":8,"query_pre_attn_scalar":8}""";
        Assert.Equal(0, PeerPrograms.Node(work.Folder, "gemma2-folder.mjs", "m", shape).ExitCode);
        foreach (string file in Directory.GetFiles(Path.Combine(Cli.RepositoryFolder(), "tests", "Tokenizers.Tests", "goldens", golden), "tokenizer*.json"))
            File.Copy(file, work[$"m/{Path.GetFileName(file)}"]);
        Change(work["m/tokenizer.json"], json => json["model"]!, model);
        Change(work["m/tokenizer_config.json"], json => json, settings);
        // A list of end tokens is the application's: the file names the tokenizer's own.
        File.WriteAllText(work["m/generation_config.json"], """{"eos_token_id":[79,80]}""");
        var export = Cli.Run(work.Folder, "export", "m", "--format", "gguf", "--output", "m.gguf");
        Assert.True(export.ExitCode == 0, export.Error);
        var tokenizer = TokenizerLoader.Load(work["m"]);
        JsonNode[] read = PeerPrograms.Llama(work.Folder, "m.gguf", Texts.Select(text => new { text }));
        foreach (var (text, answer) in Texts.Zip(read))
        {
            List<int> ours = [];
            tokenizer.Encode(text, ours, cancellation: TestContext.Current.CancellationToken);
            Assert.Equal((text, string.Join(' ', ours)), (text, string.Join(' ', answer["tokens"]!.AsArray())));
            Assert.Equal((tokenizer.BosToken is not null, tokenizer.EosToken), ((bool)answer["addsBos"]!, (int)answer["eos"]!));
        }
    }

    private static void Change(string file, Func<JsonNode, JsonNode> part, string? changes)
    {
        if (changes is null) return;
        var json = JsonNode.Parse(File.ReadAllText(file))!;
        foreach (var (name, value) in JsonNode.Parse(changes)!.AsObject()) part(json)[name] = value?.DeepClone();
        File.WriteAllText(file, json.ToJsonString());
    }
}
