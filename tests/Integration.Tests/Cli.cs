using System.Diagnostics;
using System.Runtime.CompilerServices;

// Processes take both cores; one test at a time.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace SparkTrain.Integration.Tests;

/// <summary>Runs Launcher.dll, and other programs, as a user does.</summary>
internal static class Cli
{
    public static string Launcher { get; } = Path.Combine(AppContext.BaseDirectory, "Launcher.dll");

    public static Outcome Run(string folder, params string[] arguments) => Finish(Start(folder, arguments));

    public static Outcome Program(string folder, string program, string[] arguments, params (string Name, string Value)[] environment) => Finish(StartProgram(folder, program, arguments, environment));

    public static Started Start(string folder, params string[] arguments) => StartProgram(folder, "dotnet", [Launcher, .. arguments]);

    public static Outcome Finish(Started started) => started.Finish();

    public static string RepositoryFolder([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));

    public static Started StartProgram(string folder, string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return Started.Start(start);
    }
}
