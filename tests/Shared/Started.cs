using System.Diagnostics;
using System.Text;

namespace SparkTrain.Tests;

/// <summary>What a program left behind.</summary>
internal sealed record Outcome(int ExitCode, string Out, string Error);

/// <summary>A program that is running; what it prints is kept, and every wait for it has an end, which takes the program along.</summary>
internal sealed class Started
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);

    private readonly Task reading;

    private Started(Process process)
    {
        Process = process;
        reading = Task.WhenAll(ReadAsync(process.StandardOutput, Out), ReadAsync(process.StandardError, Error));
    }

    public Process Process { get; }

    public StringBuilder Out { get; } = new();

    public StringBuilder Error { get; } = new();

    /// <summary>Starts a program.</summary>
    /// <param name="start">The program; its outputs are redirected.</param>
    /// <param name="input">Gives it its input, which ends then; null leaves the input open.</param>
    public static Started Start(ProcessStartInfo start, string? input = "")
    {
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        var started = new Started(Process.Start(start)!);
        if (input is null) return started;
        try
        {
            started.Process.StandardInput.Write(input);
            started.Process.StandardInput.Close();
        }
        // It has ended without reading.
        catch (IOException)
        {
        }
        return started;
    }

    /// <summary>Runs a program to its end.</summary>
    public static Outcome Run(string program, params string[] arguments) => Start(new(program, arguments)).Finish();

    /// <summary>Waits for the end of the program.</summary>
    /// <param name="limit">How long; a quarter of an hour where it is null.</param>
    public Outcome Finish(TimeSpan? limit = null)
    {
        using var process = Process;
        if (!process.WaitForExit(limit ?? Longest)) Fail("its end", limit ?? Longest);
        // Its output may be held open by what it has started.
        Patience.For(reading, $"the end of the output of {Command}", Printed).GetAwaiter().GetResult();
        return new(process.ExitCode, Out.ToString(), Error.ToString());
    }

    /// <summary>Waits until the program has printed a text, or ended.</summary>
    public void WaitFor(string text) => WaitFor(text, Out, 0);

    /// <summary>Waits until the program has printed a text behind what it had printed before, or ended; returns how much it has printed by then.</summary>
    public int WaitFor(string text, StringBuilder stream, int before)
    {
        int printed = before;
        WaitUntil(() =>
        {
            lock (Out)
                if (stream.ToString(before, stream.Length - before).Contains(text, StringComparison.Ordinal)) printed = stream.Length;
            return printed > before;
        }, $"'{text}'");
        return printed;
    }

    /// <summary>Waits until a condition holds, or the program has ended.</summary>
    /// <param name="isSo">The condition.</param>
    /// <param name="what">What is awaited, for the message.</param>
    public void WaitUntil(Func<bool> isSo, string what)
    {
        for (long begin = Stopwatch.GetTimestamp(); !Process.HasExited && !isSo(); Thread.Sleep(5))
            if (Stopwatch.GetElapsedTime(begin) > Longest) Fail(what, Longest);
    }

    public void Signal(string name) => Signal(name, Process.Id);

    public static void Signal(string name, int process) => Run("kill", $"-{name}", $"{process}");

    private string Command => $"{Process.StartInfo.FileName} {Process.StartInfo.Arguments}{string.Join(' ', Process.StartInfo.ArgumentList)}";

    private string Printed()
    {
        lock (Out) return $"{Out}{Error}";
    }

    private async Task ReadAsync(StreamReader from, StringBuilder to)
    {
        char[] buffer = new char[1 << 12];
        for (int count; (count = await from.ReadAsync(buffer)) > 0;)
            lock (Out) to.Append(buffer, 0, count);
    }

    private void Fail(string what, TimeSpan limit)
    {
        Process.Kill(entireProcessTree: true);
        Assert.Fail($"{Command}: waited {limit.TotalSeconds:0.#} s for {what}; printed until then:\n{Printed()}");
    }
}
