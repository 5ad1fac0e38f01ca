using System.Diagnostics;

namespace SparkTrain.Integration.Tests;

/// <summary>Ranks that the program starts itself: whatever ends them, nothing stays behind, and supervised they reach the same bits.</summary>
public sealed class SupervisionTests : IDisposable
{
    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    [Fact]
    public void A_killed_rank_is_named_and_the_run_reaches_the_same_bits()
    {
        var unbroken = work.Train([.. Workplace.Long, "--ranks", "2", "--set", "Run.Name=unbroken"]);
        Assert.True(unbroken.ExitCode == 0, unbroken.Error);
        Assert.DoesNotContain("\e", unbroken.Out + unbroken.Error, StringComparison.Ordinal);

        var started = Cli.Start(work.Folder, ["--config", "tiny.json", .. Workplace.Long, "--ranks", "2", "--supervise"]);
        started.WaitFor("step     13/300");
        Kill("KILL", Ranks().First(rank => rank.Rank == "1").Process);
        var ended = Cli.Finish(started);
        Assert.True(ended.ExitCode == 0, ended.Error);
        Assert.Contains("error: job of 2 ranks: rank 1 (process ", ended.Error, StringComparison.Ordinal);
        Assert.Contains("supervisor: restart 1 of 3 (in a row without a new checkpoint) in 1 s, from step-000000", ended.Error, StringComparison.Ordinal);
        Assert.Contains("resumed tiny at step", ended.Out, StringComparison.Ordinal);
        Assert.Contains("supervisor: restart 1 of 3", File.ReadAllText(work["runs/tiny/log/supervisor.log"]), StringComparison.Ordinal);
        Assert.Equal(work.Losses("unbroken").Select(l => l?.ToJsonString()), work.Losses("tiny").Select(l => l?.ToJsonString()));
        Assert.Equal(work.Weights("unbroken"), work.Weights("tiny"));
        Assert.Empty(Ranks());
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    [InlineData("USR1")]
    public void A_signal_to_the_parent_saves_and_leaves_with_75(string signal)
    {
        var started = Cli.Start(work.Folder, "--config", "tiny.json", "--ranks", "2", "--supervise", "--set", "Training.Steps=100000", "--set", "Checkpoint.EverySteps=50000");
        started.WaitFor("step      4/");
        started.Signal(signal);
        var stopped = Cli.Finish(started);
        Assert.Equal(75, stopped.ExitCode);
        Assert.Contains("run the same command again to go on", stopped.Out, StringComparison.Ordinal);
        Assert.Single(Directory.GetDirectories(work["runs/tiny/checkpoints"], "step-*"));
        Assert.Empty(Ranks());
    }

    [Theory]
    [InlineData("--ranks=2")]
    [InlineData("--supervise")]
    public void Ranks_whose_parent_is_killed_save_and_leave(string start)
    {
        var started = Cli.Start(work.Folder, "--config", "tiny.json", start, "--set", "Training.Steps=100000", "--set", "Checkpoint.EverySteps=50000");
        started.WaitFor("step      4/");
        started.Signal("KILL");
        Assert.Equal(137, Cli.Finish(started).ExitCode);
        var clock = Stopwatch.StartNew();
        while (Ranks().Count > 0 && clock.Elapsed < TimeSpan.FromSeconds(60)) Thread.Sleep(100);
        Assert.Empty(Ranks());
        Assert.Single(Directory.GetDirectories(work["runs/tiny/checkpoints"], "step-*"));
    }

    [Fact]
    public void A_stopped_rank_ends_the_job_with_5()
    {
        var started = Cli.Start(work.Folder, "--config", "tiny.json", "--ranks", "2", "--set", "Training.Steps=100000", "--set", "Distributed.TimeoutSeconds=3");
        started.WaitFor("step      4/");
        Kill("STOP", Ranks().First(rank => rank.Rank == "1").Process);
        Assert.Equal(5, Cli.Finish(started).ExitCode);
        Assert.Empty(Ranks());
    }

    [Fact]
    public void One_supervised_process_needs_no_MPI()
    {
        var started = Cli.Start(work.Folder, ["--config", "tiny.json", .. Workplace.Long, "--supervise"]);
        started.WaitFor("step      7/300");
        Kill("KILL", Ranks().Single().Process);
        var ended = Cli.Finish(started);
        Assert.True(ended.ExitCode == 0, ended.Error);
        Assert.Contains("supervisor: restart 1 of 3", ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("mpiexec", File.ReadAllText(work["runs/tiny/log/supervisor.log"]), StringComparison.Ordinal);
    }

    /// <summary>The supervised processes that train in this folder, with their ranks.</summary>
    private List<(string Rank, int Process)> Ranks()
    {
        List<(string, int)> found = [];
        foreach (string folder in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            try
            {
                var variables = File.ReadAllText(Path.Combine(folder, "environ")).Split('\0').Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2).ToLookup(pair => pair[0], pair => pair[1]);
                string command = File.ReadAllText(Path.Combine(folder, "cmdline"));
                bool isHere = new DirectoryInfo(Path.Combine(folder, "cwd")).ResolveLinkTarget(false)?.FullName == work.Folder;
                // mpiexec, which has the same arguments, is no rank.
                if (isHere && variables["SPARKTRAIN_SUPERVISOR_TOKEN"].Any() && command.Contains("/dotnet\0", StringComparison.Ordinal) && !command.Contains("mpiexec", StringComparison.Ordinal))
                    found.Add((variables["OMPI_COMM_WORLD_RANK"].FirstOrDefault("0"), int.Parse(Path.GetFileName(folder), System.Globalization.CultureInfo.InvariantCulture)));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another user's process, or one that has ended meanwhile.
            }
        }
        return found;
    }

    private static void Kill(string signal, int process) => Started.Signal(signal, process);
}
