namespace SparkTrain.Integration.Tests;

/// <summary>Several hosts, here network namespaces with links of 1 Gbit/s: they train to the bits of one process, and end when the network or a host does.</summary>
public sealed class NamespaceTests : IDisposable
{
    // 4 micro-batches a step: as many ranks can share one.
    private static readonly string[] SlotTree =
    [
        "--config", "tiny.json", "--set", "Training.Steps=6", "--set", "Training.MicroBatch=2", "--set", "LrSchedule.WarmupSteps=2", "--set", "Distributed.Reduce=SlotTree",
        "--set", "Validation.EverySteps=3", "--set", "Checkpoint.EverySteps=3",
    ];

    private static readonly string[] Endless =
        ["--config", "tiny.json", "--set", "Training.Steps=100000", "--set", "Validation.EverySteps=0", "--set", "Checkpoint.EverySteps=100000", "--set", "Distributed.TimeoutSeconds=2"];

    private readonly Workplace work = new();
    private Started? job;

    public void Dispose()
    {
        // A test that fails leaves its job behind.
        if (job is { Process.HasExited: false })
        {
            job.Signal("TERM");
            job.Finish();
        }
        work.Dispose();
    }

    [Fact]
    public void Hosts_train_to_the_bits_of_one_process()
    {
        Assert.Equal(0, Cli.Run(work.Folder, [.. SlotTree, "--set", "Run.Name=one"]).ExitCode);
        foreach (var (hosts, ranks) in ((int, int)[])[(2, 1), (2, 2), (4, 1)])
        {
            string run = $"hosts-{hosts}-{ranks}";
            var outcome = new Hosts("bits").Run(work, hosts, ranks, [.. SlotTree, "--set", $"Run.Name={run}"]);
            Assert.True(outcome.ExitCode == 0, outcome.Out + outcome.Error);
            Assert.Contains($"{hosts * ranks} × 1 threads", outcome.Out, StringComparison.Ordinal);
            Assert.Equal(work.Losses("one").Select(l => l?.ToJsonString()), work.Losses(run).Select(l => l?.ToJsonString()));
            Assert.Equal(work.ValidationLosses("one"), work.ValidationLosses(run));
            Assert.Equal(work.Weights("one"), work.Weights(run));
        }
    }

    [Fact]
    public void Ranks_on_both_sides_of_a_partition_end_by_themselves_and_say_why()
    {
        var hosts = new Hosts("cut");
        StartEndless(hosts);
        hosts.CutOff(work, 2);
        // mpiexec itself does not notice, and hangs: what ends it is the supervisor, or here the script.
        Until(() => hosts.Ranks(work, 1).Length == 0 && hosts.Ranks(work, 2).Length == 0);
        Assert.False(job!.Process.HasExited);
        job.Signal("TERM");
        var ended = Finish();
        Assert.Equal(143, ended.ExitCode);
        Assert.Matches(@"\[rank 0\] error: rank 0, step \d+, .+: it has waited [\d.]+ s in collective call \d+, .+\n    rank 1: on other hosts, not seen from here\.\n", ended.Error);
        RequireNothingLeft(hosts);
    }

    [Fact]
    public void A_host_that_dies_ends_the_job()
    {
        var hosts = new Hosts("die");
        StartEndless(hosts);
        hosts.Kill(work, 2);
        var ended = Finish();
        Assert.NotEqual(0, ended.ExitCode);
        Assert.DoesNotContain("is complete", ended.Out, StringComparison.Ordinal);
        RequireNothingLeft(hosts);
    }

    [Fact]
    public void Under_a_supervisor_a_run_survives_a_partition_and_ends_with_the_bits_of_an_unbroken_one()
    {
        string[] run = ["--config", "tiny.json", "--set", "Training.Steps=1200", "--set", "Validation.EverySteps=0", "--set", "Checkpoint.EverySteps=20", "--set", "Distributed.Reduce=SlotTree", "--set", "Distributed.TimeoutSeconds=2"];
        Assert.Equal(0, Cli.Run(work.Folder, [.. run, "--set", "Run.Name=unbroken"]).ExitCode);
        var hosts = new Hosts("heal");
        job = hosts.StartSupervised(work, 2, [.. run, "--supervise"]);
        job.WaitFor("step     40/");
        hosts.CutOff(work, 2);
        // The ranks give up after two seconds; then the network is well again, and the supervisor ends the mpiexec that hangs.
        Until(() => hosts.Ranks(work, 2).Length == 0);
        hosts.Rejoin(work, 2);
        var ended = Finish();
        Assert.True(ended.ExitCode == 0, ended.Out + ended.Error);
        Assert.Contains("supervisor: restart 1 of 3", ended.Error, StringComparison.Ordinal);
        Assert.Equal(work.Losses("unbroken").Select(l => l?.ToJsonString()), work.Losses("tiny").Select(l => l?.ToJsonString()));
        Assert.Equal(work.Weights("unbroken"), work.Weights("tiny"));
        RequireNothingLeft(hosts);
    }

    private void StartEndless(Hosts hosts)
    {
        job = hosts.Start(work, 2, 1, Endless);
        job.WaitFor("step      4/");
        Assert.False(job.Process.HasExited, $"{job.Out}{job.Error}");
        foreach (int host in (int[])[1, 2]) Assert.Single(hosts.Ranks(work, host));
    }

    private Outcome Finish()
    {
        var ended = Cli.Finish(job!);
        job = null;
        return ended;
    }

    private void RequireNothingLeft(Hosts hosts)
    {
        foreach (int host in (int[])[1, 2])
        {
            Assert.False(hosts.Exists(host));
            Assert.Empty(hosts.Processes(work, host));
        }
        Assert.DoesNotContain(Directory.GetDirectories("/proc"), process => File.Exists(Path.Combine(process, "cmdline")) && InFolder(process));
    }

    // Ranks, wherever they are, work in the run's folder.
    private bool InFolder(string process) => new FileInfo(Path.Combine(process, "cwd")).LinkTarget == work.Folder;

    private static void Until(Func<bool> condition)
    {
        for (var limit = DateTime.UtcNow.AddMinutes(2); !condition(); Thread.Sleep(100))
            Assert.True(DateTime.UtcNow < limit, "ranks are still there after two minutes");
    }
}
