using System.CommandLine;

namespace SparkTrain.Launcher;

/// <summary>Verbs that stand together on the first screen.</summary>
/// <param name="Title">What they are for.</param>
/// <param name="Commands">The verbs.</param>
internal sealed record CommandGroup(string Title, IReadOnlyList<Command> Commands);
