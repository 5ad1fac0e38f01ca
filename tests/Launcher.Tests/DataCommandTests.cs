using System.Text.Json;
using SparkTrain.Data;
using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Launcher.Tests;

/// <summary><c>data show</c> and <c>data check</c> as a user runs them.</summary>
public sealed class DataCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Show_prints_the_samples_of_a_run_with_borders_masks_and_padding()
    {
        // 4, 6, 3 and 20 tokens: the last are too many for a sample of 16; the others, longest first, fill 13 of it.
        string run = $"--config spark-tiny.json --set Data.Folder={Prepare("set", 0, "ab", "cdef", "g", "hijklmnopqrstuvwxy")} --set Training.SeqLen=15 --set Training.MicroBatch=1 --set Training.GlobalBatchTokens=30 "
            + "--set Training.Steps=2 --set LrSchedule.WarmupSteps=0 --set Validation.EverySteps=0 --set Data.Packing=BestFit --set Data.LongDocuments=Drop";
        var shown = LauncherProcess.Run($"data show {run} --from 2 --count 100");
        Assert.Equal((ExitCodes.Done, ""), (shown.ExitCode, shown.Error));
        Assert.Equal(
            """
            run spark-tiny: 2 steps of 2 samples, BestFit, long documents Drop
            tokens 0 to 14 are read, 1 to 15 predicted; positions run on across documents
            attention stays inside a document; the first token of a document is no target
            set: 4 samples, 4.00 epochs; an epoch has 66.7 % targets, 1 document left out

            sample 2 | step 2 | set | 16 tokens, 10 targets (66.7 %)
            ── document 1 of 3: 6 tokens
            ⟨bos⟩cdef⟨eos⟩
            ── document 2 of 3: 4 tokens
            ⟨bos⟩ab⟨eos⟩
            ── document 3 of 3: 3 tokens
            ⟨bos⟩g⟨eos⟩
            ── padding: 3 tokens

            sample 3 | step 2 | set | 16 tokens, 10 targets (66.7 %)
            ── document 1 of 3: 6 tokens
            ⟨bos⟩cdef⟨eos⟩
            ── document 2 of 3: 4 tokens
            ⟨bos⟩ab⟨eos⟩
            ── document 3 of 3: 3 tokens
            ⟨bos⟩g⟨eos⟩
            ── padding: 3 tokens


            """, shown.Out);

        var beyond = LauncherProcess.Run($"data show {run} --from 4");
        Assert.Equal((ExitCodes.Data, "error: run spark-tiny: its 2 steps have 4 samples.\n  expected: a sample from 0 to 3\n  do: choose another --from\n"), (beyond.ExitCode, beyond.Error));

        // Concatenated, 33 tokens are one sample of SeqLen 32, in the order of the text; unmasked, one document.
        (string, string)[] concatenated = [("SeqLen=15", "SeqLen=32"), ("Tokens=30", "Tokens=64"), ("BestFit", "Concatenate --set Data.MaskDocuments=false --json"), ("--set Data.LongDocuments=Drop", "")];
        shown = LauncherProcess.Run("data show " + concatenated.Aggregate(run, (text, change) => text.Replace(change.Item1, change.Item2, StringComparison.Ordinal)));
        Assert.Equal("""{"index":0,"step":1,"source":"set","targets":32,"padding":0,"documents":[{"position":0,"begins_here":true,"ends_here":true,"text":"abcdefghijklmnopqrstuvwxy","tokens":[256,97,98,257,256,99,100,101,102,257,256,103,257,256,104,105,106,107,108,109,110,111,112,113,114,115,116,117,118,119,120,121,257]}]}""" + "\n", shown.Out);
    }

    [Fact]
    public void Show_prints_the_samples_of_validation()
    {
        string set = Prepare("set", 0.5, [.. Enumerable.Range(0, 40).Select(i => $"Document {i}")]);
        var shown = LauncherProcess.Run($"data show --config spark-tiny.json --set Data.Folder={set} --set Training.SeqLen=16 --set Validation.Tokens=48 --set Training.GlobalBatchTokens=8192 --split validation --from 2 --json");
        Assert.Equal((ExitCodes.Done, ""), (shown.ExitCode, shown.Error));
        using var json = JsonDocument.Parse(shown.Out);
        using var dataset = TokenDataset.Open(set);
        var expected = new int[17];
        dataset.Validation.Read(2 * 16, expected);
        Assert.Equal(expected, json.RootElement.GetProperty("documents").EnumerateArray().SelectMany(d => d.GetProperty("tokens").EnumerateArray()).Select(t => t.GetInt32()));
        Assert.False(json.RootElement.TryGetProperty("step", out _));
    }

    [Fact]
    public void Show_prints_the_documents_of_a_dataset_with_nothing_that_acts_on_a_terminal()
    {
        string set = Prepare("set", 0, "first", "se\e[2Jcond \u202Eünï");
        var shown = LauncherProcess.Run($"data show {set} --from 1 --count 9");
        Assert.Equal((ExitCodes.Done, ""), (shown.ExitCode, shown.Error));
        Assert.Equal("document 1 | train | 21 tokens, 20 targets (100.0 %)\n── document 1 of 1: 21 tokens\n⟨bos⟩se\\u001b[2Jcond \\u202eünï⟨eos⟩\n\n", shown.Out);
        var beyond = LauncherProcess.Run($"data show {set} --from 2");
        Assert.Equal((ExitCodes.Data, $"error: {set}: the split 'train' has 2 documents.\n  expected: a document from 0 to 1\n  do: choose another --from or --split\n"), (beyond.ExitCode, beyond.Error));
    }

    [Fact]
    public void Check_ends_with_0_for_good_data_and_with_3_for_damage_or_strictly_for_warnings()
    {
        string set = Prepare("set", 0.2, [.. Enumerable.Range(0, 50).Select(i => $"Document {i % 40}")]);
        var good = LauncherProcess.Run($"data check {set} {set}/");
        Assert.Equal((ExitCodes.Done, ""), (good.ExitCode, good.Error));
        Assert.Single(good.Out.Split('\n'), line => line.StartsWith(set, StringComparison.Ordinal));
        Assert.Matches(@"\ngood: 0 problems, [12] warnings; \d+\.\d MB in \d+\.\d s, \d+ MB/s\n$", good.Out);
        Assert.Equal(ExitCodes.Data, LauncherProcess.Run($"data check {set} --strict").ExitCode);
        // Without copies there is nothing to warn of.
        var quick = LauncherProcess.Run($"data check {set} --strict --no-copies");
        Assert.Equal(ExitCodes.Done, quick.ExitCode);
        Assert.Contains("not checked  copies of documents", quick.Out, StringComparison.Ordinal);

        string shard = Path.Combine(set, "train-00000.parquet");
        byte[] bytes = File.ReadAllBytes(shard);
        bytes[100] ^= 1;
        File.WriteAllBytes(shard, bytes);
        var damaged = LauncherProcess.Run($"data check --config spark-tiny.json --set Data.Folder={set} --json");
        Assert.Equal((ExitCodes.Data, ""), (damaged.ExitCode, damaged.Error));
        using var json = JsonDocument.Parse(damaged.Out);
        Assert.True(json.RootElement.GetProperty("is_damaged").GetBoolean());
        Assert.Contains(json.RootElement.GetProperty("datasets")[0].GetProperty("problems").EnumerateArray(), p => p.GetProperty("where").GetString()!.StartsWith(shard, StringComparison.Ordinal));
        var shown = LauncherProcess.Run($"data show {set}");
        Assert.Equal((ExitCodes.Data, ""), (shown.ExitCode, shown.Out));
        Assert.StartsWith($"error: {shard}", shown.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("show", ExitCodes.Configuration, "error: data show wants a dataset, or --config with the run that reads it; one of the two.")]
    [InlineData("show x --config spark-tiny.json", ExitCodes.Configuration, "error: data show wants a dataset, or --config")]
    [InlineData("show x --set Data.Packing=BestFit", ExitCodes.Configuration, "error: --set changes a configuration; it goes with --config.")]
    [InlineData("show x --from -1", ExitCodes.Configuration, "error: --from must be at least 0 and --count at least 1.")]
    [InlineData("show x --tokens --json", ExitCodes.Configuration, "error: --json prints the tokens anyway; leave --tokens out.")]
    [InlineData("show x --split test", ExitCodes.Configuration, "error: Argument 'test' not recognized.")]
    [InlineData("show --config spark-tiny.json --split validation --set Validation.EverySteps=0", ExitCodes.Configuration, "error: Validation.EverySteps is 0: the run validates nothing.")]
    [InlineData("show configs", ExitCodes.Data, "error: configs: it holds no dataset.json.")]
    [InlineData("check", ExitCodes.Configuration, "error: data check wants datasets, or --config with the run that reads them; one of the two.")]
    [InlineData("check 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33", ExitCodes.Configuration, "error: data check compares the documents of at most 32 datasets, not 33;")]
    public void Wrong_arguments_are_told(string arguments, int exitCode, string error)
    {
        var run = LauncherProcess.Run("data " + arguments);
        Assert.StartsWith(error, run.Error, StringComparison.Ordinal);
        Assert.Equal((exitCode, ""), (run.ExitCode, run.Out));
    }

    private string Prepare(string name, double validationFraction, params string[] texts)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllLines(path + ".jsonl", texts.Select(text => JsonSerializer.Serialize(new { text })));
        DatasetBuilder.Build(new() { Sources = [path + ".jsonl"], Output = path, ValidationFraction = validationFraction }, cancellation: TestContext.Current.CancellationToken);
        return path;
    }
}
