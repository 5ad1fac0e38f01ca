using System.Reflection;

namespace SparkTrain.Launcher;

/// <summary>Prints what ended the process and says with which code: the one place where exceptions become exit codes.</summary>
internal static class ErrorReport
{
    /// <summary>Prints a foreseen error as its message and anything else as a bug with its stack; returns the exit code.</summary>
    public static int Write(Exception exception, Terminal terminal)
    {
        while (exception is TargetInvocationException or AggregateException { InnerExceptions.Count: 1 } && exception.InnerException is { } inner)
            exception = inner;
        var code = ExitCodes.Of(exception);
        if (code == ExitCodes.Bug)
            Write("internal error: this is a bug in SparkTrain; please report it with the text below.\n" + exception, terminal);
        else
            Write("error: " + exception.Message, terminal);
        return code;
    }

    /// <summary>Prints a message; ranks other than 0, which mostly fail in the same way, print only its first line.</summary>
    public static void Write(string message, Terminal terminal) =>
        terminal.Error.WriteLine(terminal.Rank == 0 ? message : $"[rank {terminal.Rank}] {message.Split('\n')[0]}");
}
