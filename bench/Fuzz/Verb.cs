using SparkTrain.Input;
using SparkTrain.Launcher;

namespace SparkTrain.Bench;

/// <summary>Runs a verb of Launcher.dll in this process, its output into nothing.</summary>
internal static class Verb
{
    /// <summary>Runs it.</summary>
    /// <exception cref="VerbException">It has ended with an error.</exception>
    public static void Run(params string[] arguments)
    {
        var error = new StringWriter();
        int code = CommandLine.Run(arguments, new Terminal(_ => null, isOutputRedirected: true, TextWriter.Null, error));
        if (code != ExitCodes.Done) throw new VerbException(code, $"{string.Join(' ', arguments)}: exit code {code}\n{error}");
    }
}

/// <summary>Says how a verb has ended.</summary>
internal sealed class VerbException(int code, string said) : Exception(said)
{
    /// <summary>The exit code.</summary>
    public int Code => code;
}
