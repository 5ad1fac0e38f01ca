using System.Globalization;
using SparkTrain.Input;

namespace SparkTrain.Launcher.Supervision;

/// <summary>What the supervisor says: on standard error, and with the time in <c>log/supervisor.log</c> of the run.</summary>
/// <param name="terminal">The terminal.</param>
/// <param name="folder">The run's folder of logs.</param>
internal sealed class SupervisionLog(Terminal terminal, string folder)
{
    private bool isBegun;

    /// <summary>Says something to the user and the log.</summary>
    public void Say(string message)
    {
        terminal.Error.WriteLine(message);
        Note(message);
    }

    /// <summary>Writes to the log only.</summary>
    public void Note(string message)
    {
        try
        {
            // Once only: a folder that has gone since is not the run's to make anew.
            if (!isBegun) Directory.CreateDirectory(folder);
            isBegun = true;
            File.AppendAllText(Path.Combine(folder, "supervisor.log"), $"{DateTimeOffset.Now.ToString("yyyy-MM-dd HH:mm:ss.fff zzz", CultureInfo.InvariantCulture)} {message}\n");
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            // A full disk is no reason to lose a job; the terminal has the message.
            terminal.Error.WriteLine($"supervisor: the log could not be written ({e.Message})");
        }
    }
}
