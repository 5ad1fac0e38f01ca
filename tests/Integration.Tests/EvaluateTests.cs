using System.Text.Json;

namespace SparkTrain.Integration.Tests;

/// <summary><c>evaluate</c> from the command line.</summary>
public sealed class EvaluateTests : IDisposable
{
    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    [Fact]
    public void A_trained_run_is_measured_on_named_sets_and_questions()
    {
        Assert.Equal(0, work.Train("--set", "Training.Steps=60").ExitCode);
        File.WriteAllLines(work["quiz.jsonl"], Enumerable.Range(0, 20).Select(i => JsonSerializer.Serialize(new { context = "the keys of every", choices = (string[])(i % 2 == 0 ? ["query", "zqzqz"] : ["zqzqz", "query"]), gold = i % 2 })));
        var run = Cli.Run(work.Folder, "evaluate", "--model", "runs/tiny", "--data", "first=data", "--data", "second=data", "--tokens", "512", "--seq-len", "32", "--batch", "4", "--choices", "quiz.jsonl", "--answers", "answers.jsonl", "--json");
        Assert.True(run.ExitCode == 0, run.Error);
        using var report = JsonDocument.Parse(run.Out);
        var sets = report.RootElement.GetProperty("sets").EnumerateArray().ToList();
        Assert.Equal(["first", "second", "all"], sets.Select(s => s.GetProperty("name").GetString()));
        Assert.Equal(work.ValidationLosses("tiny")[^1]![..6], sets[0].GetProperty("loss").GetDouble().ToString("R", System.Globalization.CultureInfo.InvariantCulture)[..6]);
        Assert.Equal(2 * sets[0].GetProperty("targets").GetInt64(), sets[2].GetProperty("targets").GetInt64());
        var quiz = report.RootElement.GetProperty("choices")[0];
        Assert.Equal((20, 1.0), (quiz.GetProperty("questions").GetInt32(), quiz.GetProperty("accuracy").GetDouble()));
        Assert.Equal(20, File.ReadLines(work["answers.jsonl"]).Count());
        Assert.InRange(report.RootElement.GetProperty("ffn_active_fraction_by_layer")[0].GetDouble(), 0.02, 0.2);

        var text = Cli.Run(work.Folder, "evaluate", "--model", "runs/tiny", "--data", "data", "--tokens", "512", "--seq-len", "32", "--selector", "exact");
        Assert.True(text.ExitCode == 0, text.Error);
        Assert.Contains("tokens of context", text.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("evaluate --model data", 2, "nothing to measure on")]
    [InlineData("evaluate --model data --data x=data --data x=data", 2, "two sets are called 'x'")]
    [InlineData("evaluate --model data --data data --batch 0", 2, "--batch is 0")]
    [InlineData("evaluate --model data --choices none.jsonl", 3, "there is no such file")]
    [InlineData("evaluate --model data --choices documents.jsonl", 3, "documents.jsonl:1: not a question")]
    [InlineData("evaluate --model data --data data", 4, "data")]
    public void Wrong_input_is_told(string arguments, int exitCode, string message)
    {
        var run = Cli.Run(work.Folder, arguments.Split(' '));
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Equal(exitCode, run.ExitCode);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }
}
