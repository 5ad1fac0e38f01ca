using System.Diagnostics;

namespace SparkTrain.Launcher.Tests;

/// <summary>Runs the built Launcher.dll as a user does.</summary>
internal static class LauncherProcess
{
    public static string Folder => AppContext.BaseDirectory;

    /// <summary>Runs with both outputs redirected.</summary>
    public static (int ExitCode, string Out, string Error) Run(string arguments, params (string Name, string Value)[] environment) =>
        Start("dotnet", $"\"{Path.Combine(Folder, "Launcher.dll")}\" {arguments}", environment);

    /// <summary>Runs in a pseudo-terminal, as mpiexec does; what the terminal received is returned.</summary>
    public static string RunInTerminal(string arguments, params (string Name, string Value)[] environment) =>
        Start("script", $"-qec \"dotnet '{Path.Combine(Folder, "Launcher.dll")}' {arguments}\" /dev/null", environment).Out;

    private static (int ExitCode, string Out, string Error) Start(string program, string arguments, (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = Folder };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        // script hangs up on the program when its own input ends.
        var ended = Started.Start(start, program == "script" ? null : "").Finish();
        return (ended.ExitCode, ended.Out, ended.Error);
    }
}
