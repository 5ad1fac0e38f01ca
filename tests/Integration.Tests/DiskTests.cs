using System.Text.Json.Nodes;
using SparkTrain.Checkpoints;

namespace SparkTrain.Integration.Tests;

/// <summary>A disk that is full or cannot be written stops no training and destroys nothing; what was saved before is good, and what is saved after too.</summary>
public sealed class DiskTests : IDisposable
{
    private static readonly string[] Endless = ["--set", "Training.Steps=100000", "--set", "Checkpoint.EverySteps=5", "--set", "Checkpoint.KeepLast=1", "--set", "Checkpoint.KeepBest=0"];

    private readonly Workplace work = new();
    private readonly SmallDisk disk;

    public DiskTests() => disk = new(work, "4m");

    public void Dispose()
    {
        disk.Dispose();
        work.Dispose();
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(1, false)]
    public void A_save_that_fails_is_told_and_the_run_goes_on_and_reaches_the_same_bits(int ranks, bool isFull)
    {
        var started = disk.Train(ranks, Endless);
        started.WaitFor("saved checkpoints/step-");
        Break(isFull);
        int told = started.WaitFor("the checkpoint was not saved", started.Error, 0);
        _ = started.WaitFor("the checkpoint was not saved", started.Error, told);
        string newest = Newest();
        Assert.Equal(CheckpointStore.StepOf(newest), CheckpointVerification.Verify(newest).Progress.Step);
        Mend(isFull);
        _ = started.WaitFor("saved checkpoints/step-", started.Out, started.Out.Length);
        Assert.NotEqual(newest, Newest());

        Break(isFull);
        Interrupt(started, ranks);
        var left = Cli.Finish(started);
        Assert.True(left.ExitCode == 4, left.Out + left.Error);
        Assert.Contains("mount the disk for writing where it is read-only, or move the run to another one; older checkpoints are untouched", left.Error, StringComparison.Ordinal);
        newest = Newest();
        Mend(isFull);

        var resumed = disk.Train(ranks, Endless);
        resumed.WaitFor("saved checkpoints/step-");
        Interrupt(resumed, ranks);
        var stopped = Cli.Finish(resumed);
        Assert.True(stopped.ExitCode == 75, stopped.Out + stopped.Error);
        Assert.Contains($"from {Path.GetFileName(newest)}", stopped.Out, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(disk.Seen("tiny/checkpoints"), ".tmp-*"));

        var losses = Losses(disk.Seen("tiny"));
        var unbroken = MpiJob.Start(work, ranks, ["--config", "tiny.json", .. Endless]);
        unbroken.WaitFor($"step {losses.Count,6}/");
        Started.Signal("USR1", MpiJob.RankOf(unbroken, 0));
        Assert.Equal(75, Cli.Finish(unbroken).ExitCode);
        Assert.Equal(Losses(work["runs/tiny"]).Take(losses.Count), losses);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_start_where_nothing_can_be_written_is_4(bool isFull, bool isResumed)
    {
        if (isResumed) Assert.Equal(0, Cli.Finish(disk.Train(1)).ExitCode);
        else Directory.CreateDirectory(disk.Seen("tiny"));
        Break(isFull);
        var refused = Cli.Finish(disk.Train(1, "--set", "Training.Steps=40"));
        Assert.True(refused.ExitCode == 4, refused.Error);
        Assert.Contains($"error: {disk.Folder}/tiny: the run folder cannot be written ({(isFull ? "No space left on device" : "Read-only file system")}", refused.Error, StringComparison.Ordinal);
        Assert.Contains(isFull ? "or free space" : "or mount it for writing", refused.Error, StringComparison.Ordinal);
        Mend(isFull);
        var resumed = Cli.Finish(disk.Train(1, "--set", "Training.Steps=40"));
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        Assert.Equal(isResumed, resumed.Out.Contains("resumed tiny at step 30", StringComparison.Ordinal));
    }

    private void Break(bool isFull)
    {
        if (isFull) disk.Fill();
        else disk.Lock("tiny");
    }

    private void Mend(bool isFull)
    {
        if (isFull) disk.Free();
        else disk.Unlock("tiny");
    }

    private static void Interrupt(Started started, int ranks)
    {
        if (ranks == 1) started.Signal("INT");
        else Started.Signal("USR1", MpiJob.RankOf(started, 1));
    }

    private string Newest() => new CheckpointStore(disk.Seen("tiny/checkpoints")).Complete()[0];

    // By step, and none twice.
    private static List<string?> Losses(string run)
    {
        var lines = File.ReadLines(Path.Combine(run, "metrics.jsonl")).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(Enumerable.Range(0, lines.Count), lines.Select(line => (int)line["step"]!));
        return [.. lines.Select(line => line["loss"]?.ToJsonString())];
    }
}
