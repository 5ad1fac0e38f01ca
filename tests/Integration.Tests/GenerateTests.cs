using System.Runtime.InteropServices;
using System.Text.Json;
using SparkTrain.ModelFormat;
using SparkTrain.Support;

namespace SparkTrain.Integration.Tests;

/// <summary><c>generate</c> from the command line.</summary>
public sealed class GenerateTests(TrainedRun run) : IClassFixture<TrainedRun>
{
    private const int Eos = 257;

    [Fact]
    public void The_streamed_text_is_that_of_the_json_and_the_speed_is_apart_from_it()
    {
        string[] how = ["--prompt", "the ", "--max-tokens", "60", "--seed", "3", "--top-k", "20", "--min-p", "0.02", "--repetition-penalty", "1.1"];
        var (streamed, json) = (run.Generate(how), run.Generate([.. how, "--json", "--quiet"]));
        var result = JsonDocument.Parse(json.Out).RootElement;
        int tokens = result.GetProperty("tokens").GetArrayLength();
        Assert.Equal($"the {result.GetProperty("text").GetString()}\n", streamed.Out);
        Assert.Equal((5, tokens), (result.GetProperty("prompt_tokens").GetInt32(), result.GetProperty("completion_tokens").GetInt32()));
        Assert.Matches($@"^prefill 5 tokens, [\d.,]+ tokens/s \| decode {tokens - 1} tokens, [\d.,]+ tokens/s\n$", streamed.Error);
        Assert.Equal("", json.Error);

        File.WriteAllText(run["prompt.txt"], "the ");
        Assert.Equal(streamed.Out, run.Generate(["--prompt-file", "prompt.txt", .. how[2..]]).Out);
    }

    [Fact]
    public void Both_engines_continue_a_text_with_the_same_most_probable_tokens()
    {
        File.WriteAllLines(run["both.jsonl"], ((string[])["", "the ", "keys of every query", "zq 7! "]).Select(prompt => JsonSerializer.Serialize(new { prompt, temperature = 0, max_tokens = 60 })));
        string Lines(params string[] more) => run.Generate(["--input", "both.jsonl", "--quiet", .. more]).Out;
        string sparse = Lines();
        Assert.Equal(4, sparse.Count(c => c == '\n'));
        Assert.Equal(sparse, Lines("--engine", "torch", "--batch", "2"));
        // Exact where it matters: the largest logits are computed from the full table.
        Assert.Equal(sparse, Lines("--screen", "4", "--threads", "1", "--batch", "3"));
    }

    [Fact]
    public void The_sparse_engine_needs_no_libtorch()
    {
        string[] arguments = [Cli.Launcher, "generate", "--model", "runs/tiny", "--prompt", "the ", "--max-tokens", "5", "--weights", "bf16", "--cache", "f32", "--int8-predictor"];
        var outcome = Cli.Program(run[""], "dotnet", arguments, ("LD_DEBUG", "files"), ("SPARKTRAIN_LIBTORCH", run["nowhere"]));
        Assert.True(outcome.ExitCode == 0, outcome.Error[^Math.Min(2000, outcome.Error.Length)..]);
        Assert.Contains("libcoreclr.so", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("libtorch", outcome.Error, StringComparison.OrdinalIgnoreCase);
        Assert.StartsWith("the ", outcome.Out, StringComparison.Ordinal);
        var torch = Cli.Program(run[""], "dotnet", [.. arguments[..8], "--engine", "torch"], ("SPARKTRAIN_LIBTORCH", run["nowhere"]));
        Assert.Equal(5, torch.ExitCode);
    }

    [Fact]
    public void A_damaged_newest_checkpoint_is_passed_over_with_a_warning()
    {
        string[] saved = [.. Directory.GetDirectories(run["runs/tiny/checkpoints"]).Order(StringComparer.Ordinal)];
        foreach (string file in saved[^2..].SelectMany(checkpoint => Directory.GetFiles(checkpoint)))
        {
            string copy = run[Path.Combine("damaged", Path.GetRelativePath(run["runs/tiny"], file))];
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
            if (file.StartsWith(saved[^1], StringComparison.Ordinal) && file.EndsWith(".safetensors", StringComparison.Ordinal)) File.WriteAllText(copy, "");
        }
        Directory.CreateDirectory(run["damaged/tokenizer"]);
        foreach (string file in Directory.GetFiles(run["runs/tiny/tokenizer"])) File.Copy(file, run[$"damaged/tokenizer/{Path.GetFileName(file)}"]);
        string[] how = ["--prompt", "the ", "--max-tokens", "9", "--quiet", "--temperature", "0"];
        foreach (string engine in (string[])["sparse", "torch"])
        {
            var outcome = Cli.Run(run[""], ["generate", "--model", "damaged", "--engine", engine, .. how]);
            Assert.True(outcome.ExitCode == 0, outcome.Error);
            Assert.Matches(@"^warning: damaged/checkpoints/step-\d+/.*safetensors: the file has 0 bytes instead of \d+; the checkpoint before it is used\n$", outcome.Error);
            Assert.Equal(Cli.Run(run[""], ["generate", "--model", saved[^2], "--engine", engine, .. how]).Out, outcome.Out);
        }
    }

    [Fact]
    public void A_stop_string_over_several_tokens_ends_text_and_stream()
    {
        // Texts end where the model ends its document: some seed's is long enough.
        string[] How(int seed) => ["--prompt", "the ", "--max-tokens", "60", "--temperature", "0.3", "--seed", $"{seed}"];
        var (how, text) = Enumerable.Range(0, 20).Select(seed => (How(seed), Text: run.Generate(How(seed)).Out[4..^1])).First(t => t.Text.Length >= 24);
        string stop = text[20..24];
        string expected = text[..text.IndexOf(stop, StringComparison.Ordinal)];
        Assert.Equal($"the {expected}\n", run.Generate([.. how, "--stop", "\u2603", "--stop", stop]).Out);
        var result = JsonDocument.Parse(run.Generate([.. how, "--stop", stop, "--json"]).Out).RootElement;
        Assert.Equal((expected, "stop", expected.Length + 4), (result.GetProperty("text").GetString(), result.GetProperty("finish_reason").GetString(), result.GetProperty("completion_tokens").GetInt32()));
    }

    [Fact]
    public void Lines_side_by_side_are_continued_as_each_alone()
    {
        string[] prompts = [.. Enumerable.Range(0, 12).Select(i => string.Concat(Enumerable.Repeat("keys of every query ", i % 4)) + "the"[(i % 3)..])];
        File.WriteAllLines(run["in.jsonl"], prompts.Select((prompt, i) => JsonSerializer.Serialize(new { prompt, max_tokens = 30 + 40 * (i % 3), temperature = i % 4 == 1 ? 0 : 0.9 })));
        string Lines(params string[] more) => run.Generate(["--input", "in.jsonl", "--seed", "100", .. more]).Out;
        string one = Lines();
        Assert.Contains("out.jsonl: 12 continuations", Lines("--batch", "5", "--output", "out.jsonl"), StringComparison.Ordinal);
        Assert.Equal(one, File.ReadAllText(run["out.jsonl"]));
        string[] lines = one.TrimEnd('\n').Split('\n');
        Assert.Equal(lines[7], run.Generate("--prompt", prompts[7], "--seed", "107", "--max-tokens", "70", "--temperature", "0.9", "--json").Out.TrimEnd('\n'));

        // Documents of the corpus are short, so that some texts come to their end.
        JsonElement[] results = [.. lines.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["eos", "length"], results.Select(r => r.GetProperty("finish_reason").GetString()).Distinct().Order());
        Assert.All(results, r => Assert.Equal(r.GetProperty("finish_reason").GetString() == "eos", r.GetProperty("tokens").EnumerateArray().Last().GetInt32() == Eos));
    }

    [Fact]
    public void A_signal_ends_a_stream_with_75_and_leaves_no_half_file()
    {
        // A penalty that rewards keeps the text from its end.
        var started = Cli.StartProgram(run[""], "sh", ["-c", $"exec dotnet {Cli.Launcher} generate --model runs/tiny --prompt 'the ' --max-tokens 90000 --temperature 0 --repetition-penalty 0.01 > stream.txt"]);
        Interrupt(started, () => File.Exists(run["stream.txt"]) && new FileInfo(run["stream.txt"]).Length > 10);
        var streamed = Cli.Finish(started);
        Assert.Equal(75, streamed.ExitCode);
        Assert.Matches(@"^SIGINT: leaving \(once more ends at once\)\nprefill 5 tokens, .* tokens/s\n$", streamed.Error);
        string text = File.ReadAllText(run["stream.txt"]);
        Assert.StartsWith("the ", text, StringComparison.Ordinal);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);

        File.WriteAllLines(run["many.jsonl"], Enumerable.Repeat("""{"prompt":"the ","max_tokens":500}""", 2000));
        started = run.Start("--input", "many.jsonl", "--output", "interrupted.jsonl", "--batch", "4");
        Interrupt(started, () => File.Exists(run["interrupted.jsonl.tmp"]));
        Assert.Equal(75, Cli.Finish(started).ExitCode);
        Assert.Empty(Directory.GetFiles(run[""], "interrupted*"));
    }

    [Fact]
    public void What_does_not_fit_the_model_ends_with_its_exit_code()
    {
        File.WriteAllText(run["long.txt"], new string('x', 100_000));
        Require(3, "long.txt: 100001 tokens.\n  expected: 1 to 99999, the model's length less one", "--prompt-file", "long.txt");
        File.WriteAllText(run["wrong.jsonl"], "{\"prompt\":\"the \"}\n{\"tokens\":[300]}\n");
        Require(3, "wrong.jsonl:2: token 300.\n  expected: 0 to 257, the model's vocabulary", "--input", "wrong.jsonl", "--output", "never.jsonl");
        Assert.False(File.Exists(run["never.jsonl"]));
    }

    [Theory]
    [InlineData("sparse", "the logit of token 0 is NaN")]
    [InlineData("torch", "model.norm.weight holds values that are not finite")]
    public void A_model_with_weights_that_are_no_numbers_is_4(string engine, string message)
    {
        Directory.CreateDirectory(run["broken"]);
        foreach (string file in Directory.GetFiles(run["runs/tiny/model"])) File.Copy(file, run[$"broken/{Path.GetFileName(file)}"], overwrite: true);
        string weights = run["broken/model.safetensors"];
        byte[] bytes = File.ReadAllBytes(weights);
        float[] nan = [float.NaN];
        using (var file = SafetensorsFile.Open(weights))
        {
            byte[] norm = file.Bytes(WeightNames.FinalNorm).ToArray();
            MemoryMarshal.AsBytes(nan.AsSpan()).CopyTo(bytes.AsSpan(bytes.AsSpan().IndexOf(norm)));
        }
        File.WriteAllBytes(weights, bytes);
        var outcome = Cli.Run(run[""], "generate", "--model", "broken", "--prompt", "the ", "--engine", engine);
        Assert.Equal(4, outcome.ExitCode);
        Assert.Contains(message, outcome.Error, StringComparison.Ordinal);
    }

    private void Require(int exitCode, string message, params string[] arguments)
    {
        var outcome = Cli.Finish(run.Start(arguments));
        Assert.True(outcome.ExitCode == exitCode, outcome.Error);
        Assert.Contains(message, outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at SparkTrain", outcome.Error, StringComparison.Ordinal);
    }

    private static void Interrupt(Started started, Func<bool> isRunning)
    {
        started.WaitUntil(isRunning, "the work to have begun");
        started.Signal("INT");
    }
}

/// <summary>A tiny model of long sequences, trained once for a class of tests.</summary>
public sealed class TrainedRun : IDisposable
{
    private readonly Workplace work = new();

    public TrainedRun() => Assert.Equal(0, work.Train("--set", "Training.Steps=60", "--set", "Model.MaxSeqLen=100000").ExitCode);

    public string this[string path] => work[path];

    public void Dispose() => work.Dispose();

    internal Outcome Generate(params string[] arguments)
    {
        var outcome = Cli.Finish(Start(arguments));
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        return outcome;
    }

    internal Started Start(params string[] arguments) => Cli.Start(work.Folder, ["generate", "--model", "runs/tiny", .. arguments]);
}
