using System.Text.RegularExpressions;

namespace SparkTrain.Integration.Tests;

/// <summary>However a rank fails, the job ends soon, with a code and one message that names it; nobody waits for ever.</summary>
public sealed partial class RankFailureTests : IDisposable
{
    private static readonly string[] Endless = ["--config", "tiny.json", "--set", "Training.Steps=100000", "--set", "Validation.EverySteps=0"];

    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    [Fact]
    public void A_wrong_configuration_is_told_once()
    {
        var job = MpiJob.Run(work, 4, "--config", "tiny.json", "--set", "Training.Stps=3");
        Assert.Equal(2, job.ExitCode);
        RequireOneError(job, "error: --set: 1 problem\n  Training.Stps  unknown key. Did you mean Steps?");
    }

    [Fact]
    public void A_wrong_command_line_is_told_once()
    {
        var job = MpiJob.Run(work, 2, "--confg", "tiny.json");
        Assert.Equal(2, job.ExitCode);
        RequireOneError(job, "error: train has no option '--confg'. Did you mean --config?");
    }

    [Fact]
    public void A_batch_that_the_ranks_do_not_divide_is_a_wrong_configuration()
    {
        var job = MpiJob.Run(work, 3, "--config", "tiny.json");
        Assert.Equal(2, job.ExitCode);
        RequireOneError(job, "SeqLen 32 × ranks 3 = 96");
    }

    [Fact]
    public void Configurations_that_differ_are_refused()
    {
        var job = MpiJob.RunApart(work, work.Folder, work.Folder, ["--config", "tiny.json"], "--set", "Run.Seed=2");
        Assert.Equal(2, job.ExitCode);
        RequireOneError(job, "[rank 1] error: tiny.json: its values on ");
    }

    [Fact]
    public void Missing_data_are_told_once()
    {
        var job = MpiJob.Run(work, 2, "--config", "tiny.json", "--set", "Data.Folder=nowhere");
        Assert.Equal(3, job.ExitCode);
        RequireOneError(job, "error: nowhere: there is no such folder.");
    }

    [Fact]
    public void Data_that_one_host_lacks_are_told_by_its_rank()
    {
        var job = MpiJob.RunApart(work, Host("a"), Host("b", data: false), ["--config", "tiny.json", "--set", $"Run.Folder={work["runs"]}"]);
        Assert.Equal(3, job.ExitCode);
        RequireOneError(job, "[rank 1] error: data: there is no such folder.");
    }

    [Fact]
    public void A_run_folder_that_hosts_do_not_share_is_refused()
    {
        string[] arguments = ["--config", "tiny.json", "--set", $"Data.Folder={work["data"]}"];
        string a = Host("a", data: false), b = Host("b", data: false);
        var absent = MpiJob.RunApart(work, a, b, arguments);
        Assert.Equal(4, absent.ExitCode);
        RequireOneError(absent, " does not see the run folder that rank 0 has opened");
        // One of the same name that is there already is no better.
        Directory.CreateDirectory(Path.Combine(b, "runs", "tiny"));
        File.WriteAllText(Path.Combine(b, "runs", "tiny", "run.id"), "1");
        var other = MpiJob.RunApart(work, a, b, arguments);
        Assert.Equal(4, other.ExitCode);
        RequireOneError(other, "is not the one that rank 0 has opened");
    }

    [Fact]
    public void A_rank_that_throws_ends_the_job_and_names_itself_its_step_and_what_it_did()
    {
        string broken = Host("b");
        string shard = Path.Combine(broken, "data", "train-00000.parquet");
        byte[] bytes = File.ReadAllBytes(shard);
        bytes.AsSpan(bytes.Length / 4, bytes.Length / 2).Fill(0xff);
        File.WriteAllBytes(shard, bytes);
        var job = MpiJob.RunApart(work, Host("a"), broken, ["--config", "tiny.json", "--set", $"Run.Folder={work["runs"]}"]);
        Assert.Equal(3, job.ExitCode);
        RequireOneError(job, "[rank 1] step 1, forward and backward: error: data/train-00000.parquet");
    }

    [Fact]
    public void A_rank_that_is_killed_ends_the_job()
    {
        var job = MpiJob.Start(work, 2, Endless);
        job.WaitFor("step      4/");
        Started.Signal("KILL", MpiJob.RankOf(job, 1));
        var ended = Cli.Finish(job);
        Assert.NotEqual(0, ended.ExitCode);
        Assert.Matches(@"\[rank 0\] error: rank 1: its process \d+ is gone; it was last seen in step \d+, .+ collective call \d+", ended.Error);
        Assert.Single(Error().Matches(ended.Error));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_rank_that_hangs_ends_the_job_with_5_and_is_named_with_its_step_and_call(int hanging)
    {
        var job = MpiJob.Start(work, 2, [.. Endless, "--set", "Distributed.TimeoutSeconds=2"]);
        job.WaitFor("step      4/");
        Started.Signal("STOP", MpiJob.RankOf(job, hanging));
        var ended = Cli.Finish(job);
        Assert.Equal(5, ended.ExitCode);
        int waiting = 1 - hanging;
        Assert.Matches(
            $@"\[rank {waiting}\] error: rank {waiting}, step \d+, .+: it has waited [\d.]+ s in collective call \d+, .+\n    rank {hanging}: its process \d+ is stopped; last seen in step \d+, .+ collective call \d+.*\n  expected: .+ = 2\n  do: ", ended.Error);
        Assert.Single(Error().Matches(ended.Error));
    }

    [Fact]
    public void A_signal_to_one_rank_while_checkpoints_are_being_written_saves_and_leaves_with_75_and_the_run_reaches_the_same_bits()
    {
        string[] arguments = ["--config", "tiny.json", .. Workplace.Long, "--set", "Checkpoint.EverySteps=1"];
        Assert.Equal(0, MpiJob.Run(work, 2, [.. arguments, "--set", "Run.Name=unbroken"]).ExitCode);
        foreach (var (signal, step) in ((string, string)[])[("USR1", "step      4/"), ("TERM", "step     31/"), ("INT", "step     62/")])
        {
            var job = MpiJob.Start(work, 2, arguments);
            job.WaitFor(step);
            Started.Signal(signal, MpiJob.RankOf(job, 1));
            var stopped = Cli.Finish(job);
            Assert.Equal(75, stopped.ExitCode);
            Assert.Contains("run the same command again to go on", stopped.Out, StringComparison.Ordinal);
        }
        Assert.Equal(0, MpiJob.Run(work, 2, arguments).ExitCode);
        Assert.Equal(work.Losses("unbroken").Select(l => l?.ToJsonString()), work.Losses("tiny").Select(l => l?.ToJsonString()));
        Assert.Equal(work.Weights("unbroken"), work.Weights("tiny"));
    }

    [Fact]
    public void Verbs_that_are_the_work_of_one_process_are_done_once()
    {
        var job = MpiJob.Run(work, 2, "plan", "--config", "tiny.json");
        Assert.Equal(0, job.ExitCode);
        Assert.Single(Regex.Matches(job.Out, "Memory of one rank"));
    }

    [GeneratedRegex(@"(?m)^.*error: ")]
    private static partial Regex Error();

    private static void RequireOneError(Outcome job, string text)
    {
        Assert.Contains(text, job.Error, StringComparison.Ordinal);
        Assert.Single(Error().Matches(job.Error));
    }

    // A working folder of its own, as another host might have.
    private string Host(string name, bool data = true)
    {
        string folder = work[name];
        Directory.CreateDirectory(folder);
        File.Copy(work["tiny.json"], Path.Combine(folder, "tiny.json"));
        if (data)
            foreach (string file in Directory.GetFiles(work["data"], "*", SearchOption.AllDirectories))
            {
                string copy = Path.Combine(folder, Path.GetRelativePath(work.Folder, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }
        return folder;
    }
}
