namespace SparkTrain.Distributed;

/// <summary>What a rank is doing.</summary>
/// <param name="Step">The step being made.</param>
/// <param name="Phase">What it is doing in that step, in a few words.</param>
/// <param name="Call">The collective call in which it waits for others, or null.</param>
/// <param name="InCall">How long it has been in that call.</param>
public readonly record struct RankStatus(long Step, string Phase, string? Call, TimeSpan InCall);
