using System.CommandLine;
using System.Globalization;
using SparkTrain.Checkpoints;
using SparkTrain.Configuration;
using SparkTrain.Distributed;
using SparkTrain.Input;
using SparkTrain.Launcher.Doctor;
using SparkTrain.Launcher.Verification;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Commands;

/// <summary><c>verify-resume</c>: shows for a configuration that a run which was stopped goes on to the same bits.</summary>
internal static class VerifyResumeCommand
{
    private const long DefaultSteps = 20;

    public static Command Create(Terminal terminal)
    {
        var command = new Command("verify-resume", "Prove that runs of a configuration resume exactly: train unbroken, train with a stop, compare to the bit.");
        var options = new ConfigurationOptions(command);
        var steps = new Option<long?>("--steps") { HelpName = "N", Description = $"Train until step N ({DefaultSteps}, or Training.Steps where that is less)." };
        var stopAt = new Option<long?>("--stop-at") { HelpName = "K", Description = "Stop after step K (half of N)." };
        var ranks = new Option<string?>("--ranks") { HelpName = "1,2", Description = "Train and stop on the first number of ranks; resume on it and on each other one (1,2; without MPI 1)." };
        var kill = new Option<bool>("--kill") { Description = "Also end a run by SIGKILL at a random moment after step K, and resume it." };
        var keep = new Option<string?>("--keep") { HelpName = "DIR", Description = "Make the runs in this folder and leave them there; else a temporary one in Run.Folder." };
        foreach (var option in (Option[])[steps, stopAt, ranks, kill, keep]) command.Options.Add(option);
        command.SetAction(arguments =>
        {
            if (LauncherEnvironment.Detect(Environment.GetEnvironmentVariable) is { WorldSize: > 1 } launcher)
                throw new ConfigurationException("verify-resume", $"this process is rank {launcher.Rank} of {launcher.WorldSize}, started by {launcher.Kind}", "one process, which starts ranks itself", "start it without mpiexec or srun");
            var resolved = options.Load(arguments);
            var config = resolved.Value;
            long last = Number(steps.Name, arguments.GetValue(steps) ?? Math.Min(DefaultSteps, config.Training.Steps), 2, config.Training.Steps, "a step from 2 to Training.Steps");
            long stop = Number(stopAt.Name, arguments.GetValue(stopAt) ?? last / 2, 1, last - 1, "a step before the last one");
            var (counts, note) = arguments.GetValue(ranks) is { } given ? (Ranks(ranks.Name, given), null) : DefaultRanks(config);
            foreach (int count in counts)
                if (BatchLayout.ProblemWith(config, count) is var (key, problem)) throw resolved.Refuse(key, problem, $"Give {ranks.Name} numbers of ranks that fit.");
            terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{resolved.File}: steps 1 to {last}, stopped after step {stop}"));
            if (note is not null) terminal.Out.WriteLine($"Only 1 rank is tried: {note}");
            var groups = TrialGroup.Of(config, counts, arguments.GetValue(kill), Environment.ProcessorCount);
            return Run(config, options.Arguments(arguments), groups, last, stop, arguments.GetValue(keep), terminal);
        });
        return command;
    }

    private static int Run(TrainConfig config, IReadOnlyList<string> configuration, IReadOnlyList<TrialGroup> groups, long last, long stopAt, string? keep, Terminal terminal)
    {
        using var stop = new StopSignals(terminal, "ending the runs and leaving");
        string folder = MakeFolder(config.Run, keep);
        try
        {
            var proof = new ResumeProof(config, new(configuration, stop.Token), folder, last, stopAt, keep is not null, terminal.Out);
            return ResumeReport.Write(proof.Run(groups), terminal.Out) ? ExitCodes.Done : ExitCodes.Model;
        }
        catch (ChildFailedException e)
        {
            ErrorReport.Write(e.Message, terminal);
            return e.ExitCode;
        }
        finally
        {
            if (keep is null) Delete(folder, terminal);
        }
    }

    // Where the user has asked to leave, a rank may still be dying with a file in its hands.
    private static void Delete(string folder, Terminal terminal)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            ErrorReport.Write($"warning: {folder}: it could not be deleted ({e.Reason()})", terminal);
        }
    }

    // The disk of the real run is the one to prove it on.
    private static string MakeFolder(RunConfig run, string? keep)
    {
        string folder = Path.GetFullPath(keep ?? Path.Combine(run.Folder, $".verify-resume-{Guid.NewGuid():N}"));
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()) throw new ConfigurationException("--keep", $"{folder} is not empty", "a folder that is empty or not there", "choose another one");
        try
        {
            return Directory.CreateDirectory(folder).FullName;
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            var (expected, remedy) = IoFailure.Explain(e);
            throw new CheckpointException(folder, $"it cannot be made ({e.Reason()})", expected, $"choose another one with --keep DIR, or {remedy}", e);
        }
    }

    private static long Number(string option, long value, long least, long most, string expected) =>
        value >= least && value <= most ? value : throw new ConfigurationException(option, string.Create(CultureInfo.InvariantCulture, $"it is {value}"), string.Create(CultureInfo.InvariantCulture, $"{expected} ({least} to {most})"), "correct the number");

    private static List<int> Ranks(string option, string text)
    {
        List<int> counts = [];
        foreach (string part in text.Split(','))
            counts.Add(int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0 && !counts.Contains(count) ? count
                : throw new ConfigurationException(option, $"'{text}' has '{part}'", "different numbers of 1 or more, with commas between them", "give for example 1,2"));
        return counts;
    }

    private static (List<int> Ranks, string? Note) DefaultRanks(TrainConfig config) =>
        SharedLibraries.OnPath("mpiexec") is null || MpiLibrarySearch.All().Count == 0 ? ([1], "there is no MPI.")
        : BatchLayout.ProblemWith(config, 2) is var (key, problem) ? ([1], $"{key} {problem}")
        : ([1, 2], null);
}
