using System.CommandLine;
using SparkTrain.Checkpoints;

namespace SparkTrain.Launcher.Commands;

/// <summary>Options of the verbs that run a trained model.</summary>
internal static class ModelOption
{
    public static Option<string> Create() => new("--model")
    {
        HelpName = "DIR",
        Required = true,
        Description = "A model folder, a run's folder (its newest good checkpoint), or a checkpoint folder.",
    };

    private const int MostThreadsPerCore = 8;

    /// <summary>Warns that a checkpoint newer than the one that is used is not good.</summary>
    public static Action<CheckpointException> Skipped(Terminal terminal) => skipped => ErrorReport.Write($"warning: {skipped.Where}: {skipped.Found}; the checkpoint before it is used", terminal);

    public static Option<int> Threads()
    {
        // They wait for each other by spinning: far more than there are cores would never end.
        int most = MostThreadsPerCore * Environment.ProcessorCount;
        var threads = new Option<int>("--threads") { HelpName = "N", Description = "Threads; 0 means one for every core." };
        threads.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<int>() is var count && (count < 0 || count > most))
                result.AddError($"--threads is {count}; it must be 0 or more, and at most {most}: {MostThreadsPerCore} for each core here.");
        });
        return threads;
    }
}
