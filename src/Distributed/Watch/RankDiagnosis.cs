namespace SparkTrain.Distributed;

/// <summary>Finds what is wrong among the ranks of a host.</summary>
/// <param name="topology">Where the ranks are.</param>
/// <param name="timeout">How long a rank may wait for the others.</param>
/// <param name="stateOf">Asks for the state of a process.</param>
internal sealed class RankDiagnosis(Topology topology, TimeSpan timeout, Func<ProcessIdentity, ProcessState> stateOf)
{
    /// <summary>Returns what is wrong, as a rank sees it, and whether it is this rank's turn to say so; null where nothing is.</summary>
    /// <param name="host">The ranks of the host.</param>
    /// <param name="local">The place of the rank that looks among them.</param>
    /// <param name="now">The time, in milliseconds.</param>
    public (bool IsOurTurn, DistributedException Message)? Of(RankSighting[] host, int local, long now)
    {
        ProcessState[] states = [.. host.Select((seen, i) => i == local ? ProcessState.Alive : stateOf(seen.Process))];
        var words = new RankWords(topology, timeout, host, states, now);
        // The lowest rank that can speak does, so that eight ranks do not say the same thing at once.
        bool IsFirst(Func<int, bool> among) => Enumerable.Range(0, host.Length).First(i => i == local || (words.IsRunning(i) && !host[i].HasLeft && among(i))) == local;
        bool IsInOurCall(int i) => host[i].Calls == host[local].Calls;
        bool HasWaitedTooLong(int i) => host[i].InCall && now - host[i].CallSince >= timeout.TotalMilliseconds;

        // Whoever ends the job says why; the launcher then ends the other ranks one by one.
        bool isEnding = host.Any(seen => seen.IsEndingJob);
        for (int i = 0; i < host.Length && !isEnding; i++)
        {
            if (states[i] == ProcessState.Gone && !host[i].HasLeft) return (IsFirst(_ => true), words.Loss(i));
            if (IsInOurCall(i) && host[i].History != host[local].History) return (IsFirst(IsInOurCall), words.Mismatch(Math.Min(i, local), Math.Max(i, local)));
        }
        return HasWaitedTooLong(local) ? (!isEnding && IsFirst(HasWaitedTooLong), words.Stall(local)) : null;
    }
}
