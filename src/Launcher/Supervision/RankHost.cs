namespace SparkTrain.Launcher.Supervision;

/// <summary>A machine that takes ranks.</summary>
/// <param name="Name">Its name or address.</param>
/// <param name="Slots">The ranks it takes.</param>
internal sealed record RankHost(string Name, int Slots);
