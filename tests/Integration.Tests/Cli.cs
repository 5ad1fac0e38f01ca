using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;

// Processes take both cores; one test at a time.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace SparkTrain.Integration.Tests;

/// <summary>What a program left behind.</summary>
internal sealed record Outcome(int ExitCode, string Out, string Error);

/// <summary>Runs Launcher.dll, and other programs, as a user does.</summary>
internal static class Cli
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);

    public static string Launcher { get; } = Path.Combine(AppContext.BaseDirectory, "Launcher.dll");

    public static Outcome Run(string folder, params string[] arguments) => Finish(Start(folder, arguments));

    public static Outcome Program(string folder, string program, string[] arguments, params (string Name, string Value)[] environment) => Finish(StartProgram(folder, program, arguments, environment));

    public static Started Start(string folder, params string[] arguments) => StartProgram(folder, "dotnet", [Launcher, .. arguments]);

    public static Outcome Finish(Started started)
    {
        using var process = started.Process;
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"still running after {Limit}: {process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)}\n{started.Out}{started.Error}");
        }
        process.WaitForExit();
        return new(process.ExitCode, started.Out.ToString(), started.Error.ToString());
    }

    public static string RepositoryFolder([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));

    public static Started StartProgram(string folder, string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var started = new Started(new Process { StartInfo = start });
        started.Process.OutputDataReceived += (_, line) => started.Append(started.Out, line.Data);
        started.Process.ErrorDataReceived += (_, line) => started.Append(started.Error, line.Data);
        started.Process.Start();
        started.Process.BeginOutputReadLine();
        started.Process.BeginErrorReadLine();
        started.Process.StandardInput.Close();
        return started;
    }
}

/// <summary>A program that is running.</summary>
internal sealed record Started(Process Process)
{
    public StringBuilder Out { get; } = new();

    public StringBuilder Error { get; } = new();

    public void Append(StringBuilder to, string? line)
    {
        lock (Out)
            if (line is not null) to.Append(line).Append('\n');
    }

    /// <summary>Waits until the program has printed a text, or ended.</summary>
    public void WaitFor(string text) => WaitFor(text, Out, 0);

    /// <summary>Waits until the program has printed a text behind what it had printed before, or ended; returns how much it has printed by then.</summary>
    public int WaitFor(string text, StringBuilder stream, int before)
    {
        while (!Process.HasExited)
        {
            lock (Out)
                if (stream.ToString(before, stream.Length - before).Contains(text, StringComparison.Ordinal)) return stream.Length;
            Thread.Sleep(10);
        }
        return before;
    }

    public void Signal(string name) => Signal(name, Process.Id);

    public static void Signal(string name, int process) => System.Diagnostics.Process.Start("kill", [$"-{name}", $"{process}"]).WaitForExit();
}
