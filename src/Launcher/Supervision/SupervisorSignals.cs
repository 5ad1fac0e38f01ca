using System.Runtime.InteropServices;

namespace SparkTrain.Launcher.Supervision;

/// <summary>Counts the signals by which a user, a service manager or a scheduler asks a job to leave.</summary>
internal sealed class SupervisorSignals : IDisposable
{
    private static readonly (PosixSignal Signal, int Number)[] Signals = [(PosixSignal.SIGINT, 2), (PosixSignal.SIGTERM, 15), (PosixSignal.SIGHUP, 1), ((PosixSignal)10, 10)];

    private readonly PosixSignalRegistration[] registrations;
    private readonly ManualResetEventSlim arrived = new();
    private int count, first;

    /// <summary>Listens until disposed.</summary>
    public SupervisorSignals() => registrations = [.. Signals.Select(signal => PosixSignalRegistration.Create(signal.Signal, context =>
    {
        context.Cancel = true;
        Interlocked.CompareExchange(ref first, signal.Number, 0);
        Interlocked.Increment(ref count);
        arrived.Set();
    }))];

    /// <summary>How many have come.</summary>
    public int Count => Volatile.Read(ref count);

    /// <summary>The number of the first one, 0 before.</summary>
    public int First => Volatile.Read(ref first);

    /// <summary>Waits; true where a signal has come, before or meanwhile.</summary>
    public bool Wait(TimeSpan time) => arrived.Wait(time);

    public void Dispose()
    {
        foreach (var registration in registrations) registration.Dispose();
        arrived.Dispose();
    }
}
