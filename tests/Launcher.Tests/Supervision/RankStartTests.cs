using System.CommandLine;
using SparkTrain.Input;
using SparkTrain.Launcher.Supervision;

namespace SparkTrain.Launcher.Tests.Supervision;

public sealed class RankStartTests
{
    [Theory]
    [InlineData("--config a.json")]
    [InlineData("--config a.json --ranks 1")]
    [InlineData("--config a.json --ranks 1 --grace 5")]
    public void One_process_trains_by_itself(string arguments) => Assert.Null(Job(arguments));

    [Fact]
    public void Options_are_read()
    {
        Assert.Equal((4, 0, 120.0), Summary("--ranks 4"));
        Assert.Equal((1, 3, 120.0), Summary("--supervise"));
        Assert.Equal((4, 7, 60.0), Summary("--ranks=4 --supervise --restarts 7 --grace 60"));
        Assert.Equal("/opt/mpi/bin/mpiexec", Job("--ranks 2 --mpiexec /opt/mpi/bin/mpiexec")!.MpiexecPath);

        static (int, int, double) Summary(string arguments) => Job(arguments) is { } job ? (job.Ranks, job.Restarts, job.Grace.TotalSeconds) : default;
    }

    [Fact]
    public void A_host_file_says_how_many_ranks_there_are()
    {
        string hosts = Path.GetTempFileName();
        File.WriteAllText(hosts, "node1 slots=2\nnode2 slots=2\n");
        Assert.Equal(4, Job($"--hostfile {hosts}")!.Ranks);
        var job = Job($"--hostfile {hosts} --ranks 3 --listen 10.0.0.1")!;
        Assert.Equal([new("node1", 2), new("node2", 1)], job.Hosts);
        Assert.Equal("10.0.0.1", job.ListenAddress);
        File.Delete(hosts);
    }

    [Theory]
    [InlineData("--config a.json --ranks 4 --quiet", "train --config a.json --quiet")]
    [InlineData("train --ranks=4 --config a.json --supervise --restarts 7 --set A.B=1 --set=C.D=2", "train --config a.json --set A.B=1 --set C.D=2")]
    [InlineData("--supervise --mpiexec x --grace 3 --config --ranks", "train --config --ranks")]
    public void Ranks_get_the_other_arguments(string arguments, string expected)
    {
        var (parsed, start) = Parse(arguments);
        Assert.Equal(expected.Split(' '), start.RankArguments(parsed));
    }

    [Theory]
    [InlineData("--ranks 0", "error: --ranks: it is 0.\n  expected: 1 or more")]
    [InlineData("--ranks two", "error: Cannot parse argument 'two'")]
    [InlineData("--ranks 2 --restarts 1", "error: --restarts: nothing is started again without --supervise.")]
    [InlineData("--ranks 2 --listen 10.0.0.1", "error: --listen: ranks of this machine need no address of it.")]
    [InlineData("--hostfile nowhere", "error: nowhere: it cannot be read (")]
    [InlineData("--ranks 3", "× ranks 3 =")]
    [InlineData("--ranks 2 --set Model.DModle=3", "error: --set: 1 problem\n  Model.DModle  unknown key.")]
    public void What_cannot_be_started_is_refused_before_any_rank(string arguments, string error)
    {
        var run = LauncherProcess.Run("--config spark-tiny.json " + arguments);
        Assert.Equal(ExitCodes.Configuration, run.ExitCode);
        Assert.StartsWith("error: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(error, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rank_starts_no_ranks()
    {
        var run = LauncherProcess.Run("--config spark-tiny.json --ranks 2", ("OMPI_COMM_WORLD_RANK", "0"), ("OMPI_COMM_WORLD_SIZE", "2"));
        Assert.Equal(ExitCodes.Configuration, run.ExitCode);
        Assert.StartsWith("error: --ranks: this process is rank 0 of 2 already, started by OpenMpi.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_mpiexec_it_says_what_to_install()
    {
        var run = LauncherProcess.Run("--config spark-tiny.json --ranks 2", ("PATH", Path.GetDirectoryName(Environment.ProcessPath)!));
        Assert.Equal(ExitCodes.Environment, run.ExitCode);
        Assert.StartsWith("error: PATH: no mpiexec is on it.", run.Error, StringComparison.Ordinal);
        Assert.Contains("apt-get install openmpi-bin", run.Error, StringComparison.Ordinal);
    }

    private static JobRequest? Job(string arguments)
    {
        var (parsed, start) = Parse(arguments);
        Assert.Empty(parsed.Errors);
        return start.Job(parsed);
    }

    private static (ParseResult, RankStart) Parse(string arguments)
    {
        var command = new Command("train");
        command.Options.Add(new Option<string>("--config"));
        command.Options.Add(new Option<string[]>("--set"));
        command.Options.Add(new Option<bool>("--quiet"));
        var start = new RankStart(command);
        return (new RootCommand { command }.Parse(CommandLine.WithVerb(arguments.Split(' '))), start);
    }
}
