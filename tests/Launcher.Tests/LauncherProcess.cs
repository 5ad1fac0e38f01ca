using System.Diagnostics;

namespace SparkTrain.Launcher.Tests;

/// <summary>Runs the built Launcher.dll as a user does.</summary>
internal static class LauncherProcess
{
    public static string Folder => AppContext.BaseDirectory;

    public static (int ExitCode, string Out, string Error) Run(string arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", $"\"{Path.Combine(Folder, "Launcher.dll")}\" {arguments}")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Folder,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
