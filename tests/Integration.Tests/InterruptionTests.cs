namespace SparkTrain.Integration.Tests;

/// <summary>However a run ends, the same command goes on with it, to the same bits.</summary>
public sealed class InterruptionTests : IDisposable
{
    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public void A_signal_saves_and_leaves_with_75(string signal)
    {
        Assert.Equal(0, work.Train("--set", "Run.Name=unbroken").ExitCode);
        var started = Cli.Start(work.Folder, "--config", "tiny.json");
        started.WaitFor("step      4/30");
        started.Signal(signal);
        var stopped = Cli.Finish(started);
        Assert.Equal(75, stopped.ExitCode);
        Assert.Contains("run the same command again to go on", stopped.Out, StringComparison.Ordinal);
        var resumed = work.Train();
        Assert.Equal(0, resumed.ExitCode);
        Assert.Contains("resumed tiny at step", resumed.Out, StringComparison.Ordinal);
        RequireEqualTo("unbroken");
        Assert.Contains("is complete", work.Train().Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_killed_run_loses_no_more_than_the_steps_since_its_last_checkpoint()
    {
        Assert.Equal(0, work.Train("--set", "Run.Name=unbroken").ExitCode);
        var random = new Random(5);
        for (int kill = 0; kill < 4; kill++)
        {
            var started = Cli.Start(work.Folder, "--config", "tiny.json");
            started.WaitFor($"step {6 * kill + 3,6}/30");
            Thread.Sleep(random.Next(30));
            started.Signal("KILL");
            Assert.Equal(137, Cli.Finish(started).ExitCode);
        }
        Assert.Equal(0, work.Train().ExitCode);
        RequireEqualTo("unbroken");
    }

    [Fact]
    public void Two_processes_do_not_train_one_run()
    {
        var first = Cli.Start(work.Folder, "--config", "tiny.json", "--set", "Training.Steps=100000");
        first.WaitFor("step      1/");
        var second = work.Train();
        first.Signal("INT");
        Assert.Equal(75, Cli.Finish(first).ExitCode);
        Assert.Equal(4, second.ExitCode);
        Assert.Contains("the run folder is in use", second.Error, StringComparison.Ordinal);
    }

    private void RequireEqualTo(string run)
    {
        Assert.Equal(work.Losses(run).Select(l => l?.ToJsonString()), work.Losses("tiny").Select(l => l?.ToJsonString()));
        Assert.Equal(work.Weights(run), work.Weights("tiny"));
    }
}
