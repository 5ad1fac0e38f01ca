using System.Runtime.ExceptionServices;
using System.Runtime.Intrinsics.X86;

namespace SparkTrain.Inference;

/// <summary>
/// Threads that run one job together and meet at barriers inside it. They wait by spinning, because a token has some hundred barriers: a barrier of the
/// operating system would cost more than the work between two of them. Between jobs they fall asleep after a while.
/// </summary>
internal sealed class WorkerTeam : IDisposable
{
    // Some tenths of a millisecond: longer than any wait inside a job on idle cores, shorter than what a busy core would mind.
    private const int SpinsBeforeYield = 1 << 13, SpinsBeforeSleep = 1 << 15;

    private readonly Lock running = new();
    private readonly object gate = new();
    private readonly Thread[] threads;
    private Action<int> job = _ => { };
    private int jobs, arrived, claimed, phase, left;
    private Exception? failure;
    private bool isDisposed;

    /// <summary>Starts so many threads less one; the caller of <see cref="Run"/> is the first of the team.</summary>
    public WorkerTeam(int size)
    {
        Size = size;
        threads = [.. Enumerable.Range(1, size - 1).Select(index => new Thread(() => Work(index)) { IsBackground = true, Name = $"decode {index}" })];
        foreach (var thread in threads) thread.Start();
    }

    /// <summary>Threads of the team, the caller's included.</summary>
    public int Size { get; }

    /// <summary>Runs the job on every thread, each with its index, and returns when all are done.</summary>
    public void Run(Action<int> body)
    {
        lock (running)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            (job, failure, arrived, claimed) = (body, null, 0, 0);
            Volatile.Write(ref left, Size);
            lock (gate)
            {
                Volatile.Write(ref jobs, jobs + 1);
                Monitor.PulseAll(gate);
            }
            Attempt(0);
            for (int spins = 0; Volatile.Read(ref left) > 0; spins++) Wait(spins);
            job = _ => { };
            if (failure is not null) ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>Waits until every thread of the team has come here. To be called by all of them, inside a job.</summary>
    public void Meet()
    {
        int current = Volatile.Read(ref phase);
        if (Interlocked.Increment(ref arrived) == Size)
        {
            (arrived, claimed) = (0, 0);
            Volatile.Write(ref phase, current + 1);
            return;
        }
        for (int spins = 0; Volatile.Read(ref phase) == current; spins++)
        {
            if (Volatile.Read(ref failure) is not null) throw new OperationCanceledException("another thread of the team failed");
            Wait(spins);
        }
    }

    /// <summary>The part of <paramref name="count"/> items that falls to a thread: neighbouring ones, as many for each as for any other, or one more.</summary>
    public (int First, int End) Share(int thread, int count) => ((int)((long)count * thread / Size), (int)((long)count * (thread + 1) / Size));

    /// <summary>
    /// Claims neighbouring ones of <paramref name="count"/> items that no thread has claimed since the team last met: many at first, so that a thread reads long streams, then fewer and fewer, so that
    /// all end together although a core may be slower than the others or busy with other programs.
    /// </summary>
    /// <returns>False once there are none left.</returns>
    public bool Claim(int count, out int first, out int end)
    {
        do
        {
            first = end = Volatile.Read(ref claimed);
            if (first >= count) return false;
            end += Size == 1 ? count : Math.Max(1, (count - first) / (2 * Size));
        }
        while (Interlocked.CompareExchange(ref claimed, end, first) != first);
        return true;
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose()
    {
        lock (running)
        {
            if (isDisposed) return;
            isDisposed = true;
            lock (gate)
            {
                Volatile.Write(ref jobs, -1);
                Monitor.PulseAll(gate);
            }
        }
        foreach (var thread in threads) thread.Join();
    }

    private void Work(int index)
    {
        for (int done = 0; ; done++)
        {
            for (int spins = 0; Volatile.Read(ref jobs) == done && spins < SpinsBeforeSleep; spins++) Pause();
            lock (gate)
                while (jobs == done) Monitor.Wait(gate);
            if (Volatile.Read(ref jobs) < 0) return;
            Attempt(index);
        }
    }

    private void Attempt(int index)
    {
        try
        {
            job(index);
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref failure, e, null);
        }
        Interlocked.Decrement(ref left);
    }

    private static void Wait(int spins)
    {
        if (spins < SpinsBeforeYield) Pause();
        else Thread.Yield();
    }

    private static void Pause()
    {
        if (X86Base.IsSupported) X86Base.Pause();
        else Thread.SpinWait(1);
    }
}
