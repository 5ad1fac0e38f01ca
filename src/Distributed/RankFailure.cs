namespace SparkTrain.Distributed;

/// <summary>What the ranks tell each other about a failure of one of them.</summary>
/// <param name="Rank">The rank that failed.</param>
/// <param name="ExitCode">The exit code that the failure means.</param>
/// <param name="Message">What went wrong.</param>
public readonly record struct RankFailure(int Rank, int ExitCode, string Message);
