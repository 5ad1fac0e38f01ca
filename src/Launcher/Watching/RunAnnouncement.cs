using System.Reflection;
using System.Text.Json.Nodes;
using Serilog;
using SparkTrain.ModelFormat;
using SparkTrain.Telemetry;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Watching;

/// <summary>Tells whoever watches a run what it is, and how it ended.</summary>
internal static class RunAnnouncement
{
    private const string Began = "run {Run} begins at step {Step}", Over = "run {Run} ended at step {Step}: {Status}";

    /// <summary>The run begins or goes on.</summary>
    public static void Begin(ILogger log, TrainConfig config, int ranks, long step) => log.ForContext(new EventProperties(
        RunEvent.OfKind(RunEvent.Started),
        JsonProperty.Of("Config", TrainState.ConfigJson(config)),
        JsonProperty.Of("Command", string.Join(' ', Environment.GetCommandLineArgs().Skip(1))),
        JsonProperty.Of("Host", Environment.MachineName),
        JsonProperty.Of("Ranks", ranks),
        JsonProperty.Of("Parameters", ParameterCount.Of(config.Model).Total),
        JsonProperty.Of("Commit", GitCommit.Of(Environment.CurrentDirectory)),
        JsonProperty.Of("Version", typeof(RunAnnouncement).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion))).Debug(Began, config.Run.Name, step);

    /// <summary>The run ended.</summary>
    public static void End(ILogger log, TrainConfig config, long step, RunStatus status, string? problem) =>
        log.ForContext(new EventProperties(RunEvent.OfKind(RunEvent.Ended), JsonProperty.Of("Message", problem))).Debug(Over, config.Run.Name, step, status.ToString().ToLowerInvariant());
}
