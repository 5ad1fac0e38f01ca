using System.Runtime.InteropServices;

namespace SparkTrain.Launcher;

/// <summary>Turns Ctrl-C, SIGTERM and SIGHUP into a request to leave in good order; a second one ends the process at once.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly PosixSignalRegistration[] registrations;
    private readonly Terminal terminal;
    private readonly string answer;

    /// <summary>Listens until disposed; the first signal is answered on the terminal.</summary>
    public StopSignals(Terminal terminal, string answer)
    {
        (this.terminal, this.answer) = (terminal, answer);
        registrations = [.. ((PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP]).Select(signal => PosixSignalRegistration.Create(signal, Handle))];
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => stop.Token;

    public void Dispose()
    {
        foreach (var registration in registrations) registration.Dispose();
        stop.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        if (stop.IsCancellationRequested) return;
        context.Cancel = true;
        terminal.Error.WriteLine($"{context.Signal}: {answer} (once more ends at once)");
        stop.Cancel();
    }
}
