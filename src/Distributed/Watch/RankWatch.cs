namespace SparkTrain.Distributed;

/// <summary>
/// Sees to it that no rank waits for ever. Each rank keeps a record in memory that its host's ranks share, and a thread that never calls the message library
/// looks at them twice a second or more often: a rank that waits too long, calls that differ, or a process that is gone end the job with a message that names them.
/// </summary>
public sealed class RankWatch : IRankWatch, IDisposable
{
    // The rank whose turn it is to speak ends the job within this time, or another one does.
    private static readonly TimeSpan TurnOfOneRank = TimeSpan.FromSeconds(3);

    private readonly RankBoard board;
    private readonly RankDiagnosis diagnosis;
    private readonly Action<DistributedException> end;
    private readonly int local;
    private readonly TimeSpan interval;
    private readonly ManualResetEventSlim leaving = new();
    private Thread? thread;
    private long? seenAt;
    private bool hasEnded;

    /// <summary>Makes the shared board; all ranks do so together.</summary>
    /// <param name="transport">The ranks.</param>
    /// <param name="timeout">How long a rank may wait for the others.</param>
    /// <param name="end">Prints the message and ends the job.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stateOf">Asks for the state of a process.</param>
    /// <param name="process">This rank's process.</param>
    internal RankWatch(ITransport transport, TimeSpan timeout, Action<DistributedException> end, TimeProvider? time = null, Func<ProcessIdentity, ProcessState>? stateOf = null, ProcessIdentity? process = null)
    {
        this.end = end;
        local = transport.Topology.LocalOf(transport.Rank);
        board = new(transport, time ?? TimeProvider.System, process ?? ProcessIdentity.OfThisProcess());
        diagnosis = new(transport.Topology, timeout, stateOf ?? (seen => seen.State()));
        interval = TimeSpan.FromSeconds(Math.Clamp(timeout.TotalSeconds / 10, 0.05, 0.5));
    }

    /// <summary>What this rank is doing.</summary>
    public RankStatus Current
    {
        get
        {
            var own = board.Read(local);
            return new(own.Step, own.Phase, own.InCall ? own.Call.ToString() : null, own.InCall ? TimeSpan.FromMilliseconds(board.Now() - own.CallSince) : TimeSpan.Zero);
        }
    }

    /// <inheritdoc/>
    void IRankWatch.Report(long step, string phase) => board.Report(step, phase);

    /// <inheritdoc/>
    void IRankWatch.Enter(CollectiveCall call, CallHistory history) => board.Enter(call, history);

    /// <inheritdoc/>
    void IRankWatch.Leave() => board.Leave();

    /// <summary>Tells the other ranks' watches that this rank ends the job and says why, so that they need not.</summary>
    public void EndJob() => board.MarkEndingJob();

    /// <summary>Ends the watch; the others know that this rank has left in good order.</summary>
    public void Dispose()
    {
        board.MarkLeft();
        leaving.Set();
        thread?.Join();
        leaving.Dispose();
    }

    /// <summary>Begins to look at the board again and again.</summary>
    internal void Start()
    {
        thread = new(() =>
        {
            while (!leaving.Wait(interval)) Look();
        }) { IsBackground = true, Name = "rank watch" };
        thread.Start();
    }

    /// <summary>Looks at the board once. Where something is wrong one rank of the host says so and ends the job; the others follow where it does not.</summary>
    internal void Look()
    {
        long now = board.Now();
        if (hasEnded) return;
        if (diagnosis.Of(board.Read(), local, now) is not { } found) return;
        seenAt ??= now;
        if (!found.IsOurTurn && now - seenAt < TurnOfOneRank.TotalMilliseconds) return;
        hasEnded = true;
        EndJob();
        end(found.Message);
    }
}
