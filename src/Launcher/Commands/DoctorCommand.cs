using System.CommandLine;
using SparkTrain.Input;
using SparkTrain.Launcher.Doctor;
using SparkTrain.Native;

namespace SparkTrain.Launcher.Commands;

/// <summary><c>doctor</c>: says in one line each whether the machine has what training needs. Starts no network connection and loads no tensors.</summary>
internal static class DoctorCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command("doctor", "Check this machine; exit code 5 where something that training needs is missing.");
        var runs = new Option<string>("--runs") { HelpName = "DIR", Description = "The folder for runs, whose disk is looked at.", DefaultValueFactory = _ => "runs" };
        command.Options.Add(runs);
        command.SetAction(arguments => Report(
            [
                SoftwareChecks.Dotnet(),
                MachineChecks.Processor(),
                MachineChecks.Memory(),
                MachineChecks.Disk(arguments.GetValue(runs)!),
                SoftwareChecks.StandardLibrary(),
                SoftwareChecks.Torch(LibTorch.Probe()),
                MpiChecks.Mpi(),
                MpiChecks.SharedMemory(),
                SoftwareChecks.Corpus(),
            ],
            terminal));
        return command;
    }

    /// <summary>Prints the findings and returns the exit code.</summary>
    internal static int Report(IReadOnlyList<Finding> findings, Terminal terminal)
    {
        var width = findings.Max(finding => finding.Subject.Length);
        foreach (var (verdict, subject, found, advice) in findings)
        {
            var (word, color) = verdict switch
            {
                Verdict.Ok => ("ok  ", AnsiColor.Green),
                Verdict.Warn => ("warn", AnsiColor.Yellow),
                _ => ("fail", AnsiColor.Red),
            };
            terminal.WriteLine(word, color, $"  {subject.PadRight(width)}  {found}{(advice is null ? "" : $"; {advice}")}");
        }
        return findings.Any(finding => finding.Verdict == Verdict.Fail) ? ExitCodes.Environment : ExitCodes.Done;
    }
}
