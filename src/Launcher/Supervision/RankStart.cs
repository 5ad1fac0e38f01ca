using System.CommandLine;
using System.CommandLine.Parsing;
using SparkTrain.Checkpoints;
using SparkTrain.Configuration;
using SparkTrain.Distributed;
using SparkTrain.Input;
using SparkTrain.Native;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Supervision;

/// <summary>The options by which <c>train</c> starts ranks of itself and watches over them, instead of training in this process.</summary>
internal sealed class RankStart
{
    private readonly Option<int?> ranks = new("--ranks") { HelpName = "N", Description = "Start N ranks under mpiexec; with --hostfile as many as its machines take where not given." };
    private readonly Option<string?> hostfile = new("--hostfile") { HelpName = "FILE", Description = "The machines, one a line: node1 slots=8. They see the same folders." };
    private readonly Option<bool> supervise = new("--supervise") { Description = "Start the ranks again after failures, from the last complete checkpoint.", Arity = ArgumentArity.Zero };
    private readonly Option<int?> restarts = new("--restarts") { HelpName = "N", Description = "With --supervise: restarts in a row without a new checkpoint (3)." };
    private readonly Option<int?> grace = new("--grace") { HelpName = "SECONDS", Description = "How long ranks may take to save and leave when asked to (120)." };
    private readonly Option<string?> mpiexec = new("--mpiexec") { HelpName = "PATH", Description = "The mpiexec to use, where not the one on the PATH." };
    private readonly Option<string?> listen = new("--listen") { HelpName = "ADDRESS", Description = "With --hostfile: this machine's address for the ranks, where not the one on the way to them." };

    /// <summary>Adds the options to the verb.</summary>
    public RankStart(Command command)
    {
        foreach (var option in Options) command.Options.Add(option);
    }

    private Option[] Options => [ranks, hostfile, supervise, restarts, grace, mpiexec, listen];

    /// <summary>Returns the job that the arguments ask for; null where this process is to train by itself.</summary>
    /// <exception cref="ConfigurationException">The options contradict each other, or this process is a rank already.</exception>
    public JobRequest? Job(ParseResult arguments)
    {
        string[] given = [.. Options.Where(option => arguments.GetResult(option) is { Implicit: false }).Select(option => option.Name)];
        if (given.Length == 0) return null;
        if (LauncherEnvironment.Detect(Environment.GetEnvironmentVariable) is { WorldSize: > 1 } launcher)
            throw new ConfigurationException(given[0], $"this process is rank {launcher.Rank} of {launcher.WorldSize} already, started by {launcher.Kind}", "one program that starts ranks", $"leave {given[0]} out, or start the command without mpiexec or srun");
        foreach (var (option, least) in ((Option<int?>, int)[])[(ranks, 1), (restarts, 0), (grace, 1)])
            if (arguments.GetValue(option) is { } value && value < least) throw new ConfigurationException(option.Name, $"it is {value}", $"{least} or more", "correct the number");

        bool isSupervised = arguments.GetValue(supervise);
        string? file = arguments.GetValue(hostfile);
        if (!isSupervised && given.Contains(restarts.Name)) throw new ConfigurationException(restarts.Name, "nothing is started again without --supervise", "--supervise beside it", "add --supervise, or leave --restarts out");
        if (file is null && given.Contains(listen.Name)) throw new ConfigurationException(listen.Name, "ranks of this machine need no address of it", "--hostfile beside it", "add --hostfile, or leave --listen out");
        IReadOnlyList<RankHost> hosts = file is null ? [] : HostFile.Read(file);
        int count = arguments.GetValue(ranks) ?? (file is null ? 1 : hosts.Sum(host => host.Slots));
        if (file is not null) hosts = HostFile.Fill(file, hosts, count);
        // One process that nobody starts again needs nobody who looks on.
        if (count == 1 && file is null && !isSupervised) return null;
        return new(count, hosts, arguments.GetValue(mpiexec), isSupervised ? arguments.GetValue(restarts) ?? 3 : 0, TimeSpan.FromSeconds(arguments.GetValue(grace) ?? 120), arguments.GetValue(listen));
    }

    /// <summary>Checks what can be checked once for all ranks, starts them, and returns the job's exit code.</summary>
    /// <exception cref="ConfigurationException">The configuration does not fit the ranks.</exception>
    /// <exception cref="EnvironmentException">The machine lacks what starts ranks.</exception>
    public int Run(JobRequest job, ResolvedConfiguration<TrainConfig> resolved, ParseResult arguments, Terminal terminal)
    {
        var config = resolved.Value;
        if (BatchLayout.ProblemWith(config, job.Ranks) is var (key, problem)) throw resolved.Refuse(key, problem);
        if (LibTorch.Probe().Problem is { } missing)
        {
            ErrorReport.Write("error: " + missing, terminal);
            return ExitCodes.Environment;
        }
        using var folder = RunFolder.Of(config.Run);
        var checkpoints = new CheckpointStore(folder.Checkpoints);
        return new JobSupervisor(job, [.. ThisProgram(), .. RankArguments(arguments)], JobLimits.Of(TimeSpan.FromSeconds(config.Distributed.TimeoutSeconds)),
            () => checkpoints.Complete() is [var newest, ..] ? Path.GetFileName(newest) : null, new(terminal, folder.Log)).Run();
    }

    /// <summary>The arguments of a rank: those of this process without the options of this class.</summary>
    internal IReadOnlyList<string> RankArguments(ParseResult arguments)
    {
        List<string> kept = [];
        for (int i = 0; i < arguments.Tokens.Count; i++)
        {
            var token = arguments.Tokens[i];
            if (token.Type != TokenType.Option || Options.FirstOrDefault(option => option.Name == token.Value) is not { } own) kept.Add(token.Value);
            else if (own != supervise) i++;
        }
        return kept;
    }

    /// <summary>dotnet Launcher.dll, or the program that a publish has made of it; whole paths, since other machines start in other folders.</summary>
    internal static string[] ThisProgram()
    {
        string program = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(program) == "dotnet" ? [program, Path.Combine(AppContext.BaseDirectory, "Launcher.dll")] : [program];
    }
}
