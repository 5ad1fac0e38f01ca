using System.Reflection;
using System.Runtime.InteropServices;
using SparkTrain.Launcher.Doctor;
using SparkTrain.Native;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Watching;

/// <summary>Says where this process computes a run, and by what.</summary>
internal static class ThisProcess
{
    // What the shell would take apart, or for its own.
    private const string Plain = "-_./:=,+@%";

    /// <summary>Looks.</summary>
    /// <param name="ranks">Processes that train together.</param>
    /// <param name="dataFingerprint">Fingerprint of the data.</param>
    public static RunOrigin Origin(int ranks, string dataFingerprint) => new()
    {
        Command = string.Join(' ', Environment.GetCommandLineArgs().Skip(1).Select(Quoted)),
        Folder = Environment.CurrentDirectory,
        Version = typeof(ThisProcess).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
        Commit = GitCommit.Of(Environment.CurrentDirectory),
        Host = Environment.MachineName,
        Processor = MachineChecks.ProcessorName(),
        Cores = Environment.ProcessorCount,
        MemoryBytes = MachineMemory.Total(),
        System = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}",
        Ranks = ranks,
        DataFingerprint = dataFingerprint,
    };

    /// <summary>An argument as a shell reads it back.</summary>
    internal static string Quoted(string argument) =>
        argument.Length > 0 && argument.All(c => char.IsAsciiLetterOrDigit(c) || Plain.Contains(c, StringComparison.Ordinal)) ? argument : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
