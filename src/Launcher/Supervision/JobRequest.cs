namespace SparkTrain.Launcher.Supervision;

/// <summary>What the user asks of a job of ranks.</summary>
/// <param name="Ranks">The number of ranks.</param>
/// <param name="Hosts">The machines with the ranks of each; empty for this machine alone.</param>
/// <param name="MpiexecPath">The program that starts them, or null for the one on the PATH.</param>
/// <param name="Restarts">Restarts in a row without a new checkpoint; 0 for none.</param>
/// <param name="Grace">How long ranks may take to save and leave.</param>
/// <param name="ListenAddress">The address of this machine that the other machines reach, or null to find it.</param>
internal sealed record JobRequest(int Ranks, IReadOnlyList<RankHost> Hosts, string? MpiexecPath, int Restarts, TimeSpan Grace, string? ListenAddress);
