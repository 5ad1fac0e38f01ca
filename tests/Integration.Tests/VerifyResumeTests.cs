namespace SparkTrain.Integration.Tests;

/// <summary>verify-resume proves what is so, and finds what is not.</summary>
public sealed class VerifyResumeTests : IDisposable
{
    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    [Fact]
    public void A_run_resumes_to_the_bit_after_a_stop_after_a_kill_and_on_another_number_of_ranks()
    {
        var outcome = Verify("--ranks", "1,2", "--kill");
        Assert.True(outcome.ExitCode == 0, outcome.Out + outcome.Error);
        Assert.Contains("With Distributed.Reduce=SlotTree, because", outcome.Out, StringComparison.Ordinal);
        string[] rows = [.. outcome.Out.Split('\n').Where(line => line.EndsWith(" ok", StringComparison.Ordinal)).Select(line => System.Text.RegularExpressions.Regex.Replace(line, " +", " "))];
        Assert.Equal(["1 rank, stopped, resumed ok ok ok ok ok ok ok ok", "1 rank, killed, resumed ok ok ok ok ok ok ok ok", "1 rank, stopped, resumed on 2 ranks ok ok ok ok ok ok ok ok"], rows);
        Assert.EndsWith("\nEqual to the last bit.\n", outcome.Out, StringComparison.Ordinal);
        // The user's own run is untouched, and nothing is left behind.
        Assert.Empty(Directory.GetFileSystemEntries(work["runs"]));
    }

    [Fact]
    public void Several_ranks_resume_on_one_with_what_the_user_has_set()
    {
        var outcome = Verify("--ranks", "2,1", "--steps", "6", "--stop-at", "1", "--set", "Distributed.Reduce=SlotTree", "--set", "Validation.EverySteps=0", "--keep", "kept");
        Assert.True(outcome.ExitCode == 0, outcome.Out + outcome.Error);
        Assert.Contains("tiny.json: steps 1 to 6, stopped after step 1\n", outcome.Out, StringComparison.Ordinal);
        Assert.Equal(["configured-stopped-2-resumed-1", "configured-stopped-2-resumed-2", "configured-unbroken-2"], Directory.GetDirectories(work["kept"]).Select(Path.GetFileName).Order());
        Assert.Equal(File.ReadAllText(work["kept/configured-unbroken-2/trace.jsonl"]), File.ReadAllText(work["kept/configured-stopped-2-resumed-1/trace.jsonl"]));
    }

    [Fact]
    public void Data_that_change_behind_its_back_are_found()
    {
        File.WriteAllLines(work["other.jsonl"], File.ReadLines(work["documents.jsonl"]).Reverse());
        Assert.Equal(0, Cli.Run(work.Folder, "prepare", "other.jsonl", "--output", "other", "--validation-fraction", "0.2").ExitCode);
        var started = Cli.Start(work.Folder, "verify-resume", "--config", "tiny.json", "--ranks", "1", "--steps", "4");
        started.WaitFor("1 rank, unbroken: ");
        Directory.Move(work["data"], work["before"]);
        Directory.Move(work["other"], work["data"]);
        var outcome = Cli.Finish(started);
        Assert.True(outcome.ExitCode == 4, outcome.Out + outcome.Error);
        Assert.Matches("1 rank, stopped, resumed +ok +DIFFERENT +DIFFERENT +DIFFERENT +DIFFERENT +DIFFERENT +ok +DIFFERENT\n", outcome.Out);
        Assert.Contains("1 rank, stopped, resumed: the first difference:\n  step 0: the validation loss\n", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("The resumed part begins later", outcome.Out, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(work["runs"]));
    }

    [Fact]
    public void A_run_that_fails_is_reported_in_its_own_words_with_its_own_exit_code()
    {
        var outcome = Verify("--set", "Data.Folder=nowhere");
        Assert.Equal(3, outcome.ExitCode);
        Assert.StartsWith("error: training on 1 rank until step 20 has ended with exit code 3:\nerror: nowhere", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(work["runs"]));
    }

    [Fact]
    public void A_signal_ends_the_runs_and_leaves_nothing_behind()
    {
        var started = Cli.Start(work.Folder, "verify-resume", "--config", "tiny.json", "--ranks", "1", "--set", "Training.Steps=100000", "--steps", "100000");
        started.WaitUntil(() => Directory.GetFiles(work.Folder, "trace.jsonl", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }).Length > 0, "a trace of steps");
        started.Signal("TERM");
        Assert.Equal(75, Cli.Finish(started).ExitCode);
        Assert.Empty(Directory.GetFileSystemEntries(work["runs"]));
    }

    [Fact]
    public void Training_until_a_step_leaves_with_75_alone_and_on_ranks()
    {
        foreach (string[] more in (string[][])[["--until", "3"], ["--until", "3"], ["--until", "5", "--ranks", "2"]])
            Assert.Equal(75, work.Train(more).ExitCode);
        Assert.Equal(6, work.Losses("tiny").Length);
        Assert.Equal(0, work.Train("--until", "30").ExitCode);
        Assert.Equal(31, work.Losses("tiny").Length);
    }

    private Outcome Verify(params string[] arguments) => Cli.Run(work.Folder, ["verify-resume", "--config", "tiny.json", .. arguments]);
}
