namespace SparkTrain.Distributed;

/// <summary>Knows what the ranks are doing, so that nobody waits for ever and messages name who is missing.</summary>
internal interface IRankWatch
{
    /// <summary>This rank is in a phase of a step.</summary>
    void Report(long step, string phase);

    /// <summary>This rank begins to wait for others in a collective call.</summary>
    /// <param name="call">The call.</param>
    /// <param name="history">The calls so far, this one included.</param>
    void Enter(CollectiveCall call, CallHistory history);

    /// <summary>The call has returned.</summary>
    void Leave();
}
