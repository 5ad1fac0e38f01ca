using System.Diagnostics;
using System.Text.RegularExpressions;
using SparkTrain.Support;

namespace SparkTrain.Launcher.Tests;

/// <summary>What can be tested of deploy/ without a cluster: options that exist, and batch scripts among programs that stand in for Slurm's.</summary>
public sealed partial class DeployTests
{
    [Theory]
    [InlineData("Dockerfile")]
    [InlineData("kubernetes-mpijob.yaml")]
    [InlineData("slurm-mpiexec.sbatch")]
    [InlineData("slurm-srun.sbatch")]
    [InlineData("sparktrain.service")]
    public void Every_option_of_the_program_exists(string file)
    {
        var terminal = new Terminal(_ => null, isOutputRedirected: true, TextWriter.Null, TextWriter.Null);
        var train = CommandLine.Groups(terminal).SelectMany(group => group.Commands).Single(command => command.Name == CommandLine.DefaultVerb);
        // The options after the program: on its line, or one a line in a list.
        var commands = ProgramCall().Matches(RepositoryFiles.Read("deploy", file).Replace("\\\n#", "", StringComparison.Ordinal));
        var used = commands.SelectMany(command => OptionName().Matches(command.Value)).Select(match => match.Value).Where(name => name != "--help").ToList();
        Assert.Contains("--config", used);
        Assert.Empty(used.Except(train.Options.Select(option => option.Name)));
    }

    [Theory]
    [InlineData("slurm-mpiexec.sbatch", "dotnet /opt/sparktrain/Launcher.dll --config a.json --hostfile hosts-7 --supervise --grace 100")]
    [InlineData("slurm-srun.sbatch", "srun --mpi=pmix --cpu-bind=none --cpus-per-task=8 --kill-on-bad-exit=1 dotnet /opt/sparktrain/Launcher.dll --config a.json")]
    public void A_batch_script_saves_at_its_signal_and_queues_again(string script, string command)
    {
        using var slurm = new SlurmStub("""trap 'sleep 0.2; echo saved >>calls; exit 75' USR1; kill -USR1 "$PPID"; while :; do sleep 0.05; done""");
        Assert.Equal(75, slurm.Run(script));
        Assert.Equal([command, "saved", "scontrol requeue 7"], slurm.Calls.Where(call => !call.StartsWith("scontrol show", StringComparison.Ordinal)));
        Assert.Empty(Directory.GetFiles(slurm.Folder, "hosts-*"));
    }

    [Fact]
    public void A_signal_that_comes_before_the_ranks_are_known_is_forwarded()
    {
        using var slurm = new SlurmStub("""trap 'echo saved >>calls; exit 75' USR1; touch ready; while :; do sleep 0.05; done""");
        // bash runs this before each command of the script: the signal comes before srun has a process number. The ranks hear it once they listen.
        File.WriteAllText(Path.Combine(slurm.Folder, "early"), """trap 'case $BASH_COMMAND in srun*) kill -USR1 $$ ;; kill*) until [ -e ready ]; do sleep 0.01; done ;; esac' DEBUG; set -T""");
        Assert.Equal(75, slurm.Run("slurm-srun.sbatch", ("BASH_ENV", "early")));
        Assert.Contains("saved", slurm.Calls);
    }

    [Theory]
    [InlineData("slurm-mpiexec.sbatch", 0, false)]
    [InlineData("slurm-mpiexec.sbatch", 5, false)]
    [InlineData("slurm-srun.sbatch", 0, false)]
    [InlineData("slurm-srun.sbatch", 2, false)]
    [InlineData("slurm-srun.sbatch", 16, false)]
    [InlineData("slurm-srun.sbatch", 5, true)]
    [InlineData("slurm-srun.sbatch", 137, true)]
    public void A_batch_script_queues_again_where_that_may_help(string script, int code, bool again)
    {
        using var slurm = new SlurmStub($"cat hosts-7 >>calls 2>/dev/null; exit {code}");
        Assert.Equal(code, slurm.Run(script));
        Assert.Equal(again, slurm.Calls.Contains("scontrol requeue 7"));
        if (script == "slurm-mpiexec.sbatch") Assert.Equal(["node1 slots=4", "node2 slots=4"], slurm.Calls.Where(call => call.StartsWith("node", StringComparison.Ordinal)));
    }

    [GeneratedRegex("""(Launcher\.dll|"\$program")((\n *- .*)+|.*)""")]
    private static partial Regex ProgramCall();

    [GeneratedRegex(@"(?<=[\s])--[a-z-]+")]
    private static partial Regex OptionName();

    /// <summary>A folder with programs named as Slurm's and dotnet, which write down how they were called.</summary>
    private sealed class SlurmStub : IDisposable
    {
        private readonly TemporaryFolder temporary = new();

        public SlurmStub(string train)
        {
            Write("scontrol", """if [ "$1" = show ]; then printf 'node1\nnode2\n'; fi""");
            foreach (string program in (string[])["srun", "dotnet"]) Write(program, train);
        }

        public string Folder => temporary.Path;

        public string[] Calls => File.ReadAllLines(Path.Combine(Folder, "calls"));

        public int Run(string script, params (string Name, string Value)[] environment)
        {
            var start = new ProcessStartInfo("bash", [Path.Combine(RepositoryFiles.Root, "deploy", script), "a.json"]) { WorkingDirectory = Folder };
            start.Environment["PATH"] = $"{Folder}:{Environment.GetEnvironmentVariable("PATH")}";
            foreach (var (name, value) in ((string, string)[])[("SLURM_JOB_ID", "7"), ("SLURM_JOB_NODELIST", "node[1-2]"), ("SLURM_NTASKS_PER_NODE", "4"), ("SLURM_CPUS_PER_TASK", "8")]) start.Environment[name] = value;
            foreach (var (name, value) in environment) start.Environment[name] = value;
            using var process = Process.Start(start)!;
            if (!process.WaitForExit(TimeSpan.FromMinutes(1)))
            {
                process.Kill(entireProcessTree: true);
                Assert.Fail($"{script} had not ended after a minute; calls: {string.Join(" | ", Calls)}");
            }
            return process.ExitCode;
        }

        public void Dispose() => temporary.Dispose();

        private void Write(string program, string body)
        {
            string path = Path.Combine(Folder, program);
            File.WriteAllText(path, $"#!/bin/bash\necho \"{program} $*\" >>calls\n{body}\n");
            Started.Run("chmod", "700", path);
        }
    }
}
