using System.Reflection;
using SparkTrain.Input;

namespace SparkTrain.Launcher;

/// <summary>Words what ended the process and says with which code: the one place where exceptions become exit codes.</summary>
internal static class ErrorReport
{
    /// <summary>Prints an exception; returns the exit code.</summary>
    public static int Write(Exception exception, Terminal terminal)
    {
        var (code, text) = Describe(exception);
        Write(text, terminal);
        return code;
    }

    /// <summary>Prints a message; ranks other than 0, which mostly fail in the same way, print only its first line.</summary>
    public static void Write(string message, Terminal terminal) =>
        terminal.Error.WriteLine(terminal.Rank == 0 ? message : $"[rank {terminal.Rank}] {message.Split('\n')[0]}");

    /// <summary>Words a foreseen error as its message and anything else as a bug with its stack; returns the exit code and the text.</summary>
    public static (int ExitCode, string Text) Describe(Exception exception)
    {
        while (exception is TargetInvocationException or AggregateException { InnerExceptions.Count: 1 } && exception.InnerException is { } inner)
            exception = inner;
        int code = ExitCodes.Of(exception);
        return (code, code == ExitCodes.Bug ? "internal error: this is a bug in SparkTrain; please report it with the text below.\n" + exception : "error: " + exception.Message);
    }
}
