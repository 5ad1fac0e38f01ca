using System.CommandLine;

namespace SparkTrain.Launcher.Commands;

/// <summary>Options of the verbs that run a trained model.</summary>
internal static class ModelOption
{
    public static Option<string> Create() => new("--model")
    {
        HelpName = "DIR",
        Required = true,
        Description = "A model folder, a run's folder (its newest checkpoint), or a checkpoint folder.",
    };

    public static Option<int> Threads() => new("--threads") { HelpName = "N", Description = "Threads; 0 means one for every core." };
}
