using System.Globalization;

namespace SparkTrain.Integration.Tests;

/// <summary>However a run ends, the same command goes on with it, to the same bits.</summary>
public sealed class InterruptionTests : IDisposable
{
    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    [Fact]
    public void A_signal_while_a_checkpoint_is_being_written_saves_and_leaves_with_75()
    {
        Assert.Equal(0, work.Train([.. Workplace.Long, "--set", "Run.Name=unbroken"]).ExitCode);
        foreach (var (signal, step) in ((string, int)[])[("INT", 4), ("TERM", 27), ("USR1", 61)])
        {
            // With a save due after every step one is always being written.
            var started = Cli.Start(work.Folder, ["--config", "tiny.json", .. Workplace.Long, "--set", "Checkpoint.EverySteps=1"]);
            started.WaitFor(string.Create(CultureInfo.InvariantCulture, $"step {step,6}/300"));
            started.Signal(signal);
            var stopped = Cli.Finish(started);
            Assert.Equal(75, stopped.ExitCode);
            Assert.Contains("run the same command again to go on", stopped.Out, StringComparison.Ordinal);
        }
        var resumed = work.Train(Workplace.Long);
        Assert.Equal(0, resumed.ExitCode);
        Assert.Contains("resumed tiny at step", resumed.Out, StringComparison.Ordinal);
        RequireEqualTo("unbroken");
        Assert.Contains("is complete", work.Train(Workplace.Long).Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Save_heavy_runs_killed_at_random_moments_reach_the_bits_of_the_unbroken_one(int ranks)
    {
        var stress = Cli.Program(work.Folder, "dotnet", [Path.Combine(AppContext.BaseDirectory, "Bench.dll"), "faults", "kills=3", $"ranks={ranks}", "seed=4"]);
        Assert.True(stress.ExitCode == 0, $"exit code {stress.ExitCode}\n{stress.Out}{stress.Error}");
        Assert.Contains("3 kills", stress.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_run_is_trained_once_at_a_time_and_a_second_start_does_not_disturb_it(int ranks)
    {
        Assert.Equal(0, work.Train("--ranks", $"{ranks}", "--set", "Run.Name=unbroken").ExitCode);
        var first = MpiJob.Start(work, ranks, "--config", "tiny.json");
        first.WaitFor("step      1/");
        first.Signal("STOP");
        foreach (int rank in Enumerable.Range(0, ranks)) Started.Signal("STOP", MpiJob.RankOf(first, rank));
        var second = MpiJob.Run(work, ranks, "--config", "tiny.json");
        foreach (int rank in Enumerable.Range(0, ranks)) Started.Signal("CONT", MpiJob.RankOf(first, rank));
        first.Signal("CONT");
        Assert.Equal(4, second.ExitCode);
        Assert.Contains($"error: {work["runs/tiny"]}: the run folder is in use", second.Error, StringComparison.Ordinal);
        Assert.Equal(0, Cli.Finish(first).ExitCode);
        RequireEqualTo("unbroken");
    }

    [Fact]
    public void A_clock_that_was_set_back_changes_nothing()
    {
        Assert.Equal(0, work.Train([.. Workplace.Long, "--set", "Run.Name=unbroken"]).ExitCode);
        // Otherwise a slow disk may not have taken any checkpoint by then.
        var started = Cli.Start(work.Folder, ["--config", "tiny.json", .. Workplace.Long, "--set", "Checkpoint.Asynchronous=false"]);
        started.WaitFor("step     13/300");
        started.Signal("KILL");
        Cli.Finish(started);
        string newest = Directory.GetDirectories(work["runs/tiny/checkpoints"], "step-*").Max(StringComparer.Ordinal)!;
        var early = Cli.Program(work.Folder, "faketime", ["-f", "-3d", "dotnet", Cli.Launcher, "--config", "tiny.json", .. Workplace.Long], ("FAKETIME_DONT_FAKE_MONOTONIC", "1"));
        Assert.True(early.ExitCode == 0, early.Error);
        Assert.Contains($"from {Path.GetFileName(newest)}", early.Out, StringComparison.Ordinal);
        // The log has files of two days, so the program did believe in that clock.
        Assert.Equal(2, Directory.GetFiles(work["runs/tiny/log"], "train-*.log").Length);
        RequireEqualTo("unbroken");
    }

    private void RequireEqualTo(string run)
    {
        Assert.Equal(work.Losses(run).Select(l => l?.ToJsonString()), work.Losses("tiny").Select(l => l?.ToJsonString()));
        Assert.Equal(work.ValidationLosses(run), work.ValidationLosses("tiny"));
        Assert.Equal(work.Weights(run), work.Weights("tiny"));
    }
}
