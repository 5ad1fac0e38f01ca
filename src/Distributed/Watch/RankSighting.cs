namespace SparkTrain.Distributed;

/// <summary>What another rank of the host sees of a rank. Times are milliseconds of the host's monotonic clock.</summary>
/// <param name="Rank">The rank.</param>
/// <param name="Process">Its process.</param>
/// <param name="HasLeft">True where it has ended in good order.</param>
/// <param name="IsEndingJob">True where it is ending the job, and says why.</param>
/// <param name="Step">The step being made.</param>
/// <param name="Phase">What it is doing in that step.</param>
/// <param name="PhaseSince">When it said so.</param>
/// <param name="Calls">Collective calls so far.</param>
/// <param name="History">The value of its <see cref="CallHistory"/>.</param>
/// <param name="Call">Its last collective call.</param>
/// <param name="InCall">True where that has not returned.</param>
/// <param name="CallSince">When it entered or left that call.</param>
internal readonly record struct RankSighting(
    int Rank, ProcessIdentity Process, bool HasLeft, bool IsEndingJob, long Step, string Phase, long PhaseSince,
    long Calls, double History, CollectiveCall Call, bool InCall, long CallSince);
