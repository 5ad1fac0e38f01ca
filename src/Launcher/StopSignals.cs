using System.Runtime.InteropServices;

namespace SparkTrain.Launcher;

/// <summary>Turns Ctrl-C, SIGTERM, SIGHUP and SIGUSR1 into a request to leave in good order; a second one ends the process at once.</summary>
internal sealed class StopSignals : IDisposable
{
    // .NET names only some signals, and takes the kernel's numbers for the others. mpiexec hands this one on to its ranks and leaves them the time to save.
    private const PosixSignal UserSignal1 = (PosixSignal)10;

    private readonly CancellationTokenSource stop = new();
    private readonly PosixSignalRegistration[] registrations;
    private readonly Terminal terminal;
    private readonly string answer;

    /// <summary>Listens until disposed; rank 0 answers the first signal on the terminal.</summary>
    public StopSignals(Terminal terminal, string answer)
    {
        (this.terminal, this.answer) = (terminal, answer);
        registrations = [.. ((PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, UserSignal1]).Select(signal => PosixSignalRegistration.Create(signal, Handle))];
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => stop.Token;

    /// <summary>Asks to leave as a signal does.</summary>
    /// <param name="why">What has happened, for the user.</param>
    public void Request(string why)
    {
        if (stop.IsCancellationRequested) return;
        terminal.Error.WriteLine($"[rank {terminal.Rank}] warning: {why}: {answer}");
        stop.Cancel();
    }

    public void Dispose()
    {
        foreach (var registration in registrations) registration.Dispose();
        stop.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        if (stop.IsCancellationRequested) return;
        context.Cancel = true;
        if (terminal.Rank == 0) terminal.Error.WriteLine($"{(context.Signal == UserSignal1 ? "SIGUSR1" : context.Signal)}: {answer} (once more ends at once)");
        stop.Cancel();
    }
}
