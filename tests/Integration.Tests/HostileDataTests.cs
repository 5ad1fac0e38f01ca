using System.Globalization;
using System.Text.Json;

namespace SparkTrain.Integration.Tests;

/// <summary>Data that are damaged, or that vanish while a run trains, end it with 3 and one message that names the file; once they are back, the run goes on.</summary>
public sealed class HostileDataTests : IDisposable
{
    private static readonly string[] Endless = ["--config", "tiny.json", "--set", "Data.Folder=many", "--set", "Training.Steps=100000", "--set", "Validation.EverySteps=0"];

    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    [Fact]
    public void Prepare_refuses_damaged_parquet_with_3_names_it_and_leaves_nothing_behind()
    {
        byte[] bytes = File.ReadAllBytes(Path.Combine(Cli.RepositoryFolder(), "tests", "Data.Tests", "goldens", "hyparquet-text.parquet"));
        byte[] flipped = (byte[])bytes.Clone();
        int footer = bytes.Length - 8 - BitConverter.ToInt32(bytes, bytes.Length - 8);
        flipped.AsSpan(4..footer).Fill(0xff);
        foreach (var (damaged, place) in ((byte[], string)[])[(flipped, "row group 0"), (bytes[..^20], "footer"), ([], "footer")])
        {
            File.WriteAllBytes(work["foreign.parquet"], damaged);
            Require(Cli.Run(work.Folder, "prepare", "foreign.parquet", "--text-field", "text", "--output", "foreign"), $"error: foreign.parquet {place}: ");
            Assert.Empty(Directory.GetFileSystemEntries(work.Folder, "*foreign", new EnumerationOptions { AttributesToSkip = 0 }));
        }
    }

    [Fact]
    public void Shards_that_vanish_while_a_run_trains_end_it_and_it_goes_on_when_they_are_back()
    {
        PrepareMany();
        var run = Cli.Start(work.Folder, Endless);
        run.WaitFor("step      4/");
        Directory.Move(work["many"], work["away"]);
        Require(Cli.Finish(run), "there is no such file");
        Directory.Move(work["away"], work["many"]);
        var again = Cli.Run(work.Folder, [.. Endless, "--set", "Training.Steps=12"]);
        Assert.True(again.ExitCode == 0, again.Error);
    }

    [Fact]
    public void Shards_that_are_cut_while_ranks_train_end_the_job()
    {
        PrepareMany();
        var job = MpiJob.Start(work, 2, Endless);
        job.WaitFor("step      4/");
        foreach (string shard in Directory.GetFiles(work["many"], "train-*.parquet"))
            using (var file = new FileStream(shard, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) file.SetLength(100);
        var ended = Cli.Finish(job);
        Require(ended, ".parquet: it has 100 bytes");
        Assert.Matches(@"\[rank [01]\] step \d+, .+: error: many/train-\d+\.parquet: ", ended.Error);
    }

    // So many shards that a few steps do not read them all.
    private void PrepareMany()
    {
        File.WriteAllLines(work["many.jsonl"], Enumerable.Range(0, 2000).Select(i =>
            JsonSerializer.Serialize(new { text = string.Join(' ', Enumerable.Range(i, 20 + (i % 9)).Select(word => word.ToString(CultureInfo.InvariantCulture))) })));
        var prepared = Cli.Run(work.Folder, "prepare", "many.jsonl", "--output", "many", "--shard-tokens", "1024");
        Assert.True(prepared.ExitCode == 0, prepared.Error);
        Assert.InRange(Directory.GetFiles(work["many"], "train-*.parquet").Length, 150, 400);
    }

    private static void Require(Outcome outcome, string message)
    {
        Assert.True(outcome.ExitCode == 3, string.Create(CultureInfo.InvariantCulture, $"exit code {outcome.ExitCode}, expected 3\n{outcome.Out}{outcome.Error}"));
        Assert.Contains(message, outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
    }
}
