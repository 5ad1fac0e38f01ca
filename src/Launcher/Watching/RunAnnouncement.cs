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
    public static void Begin(ILogger log, TrainConfig config, RunOrigin origin, long step) => log.ForContext(new EventProperties(
        RunEvent.OfKind(RunEvent.Started),
        JsonProperty.Of("Config", TrainState.ConfigJson(config)),
        JsonProperty.Of("Parameters", ParameterCount.Of(config.Model).Total),
        JsonProperty.Of(nameof(origin.Command), origin.Command),
        JsonProperty.Of(nameof(origin.Host), origin.Host),
        JsonProperty.Of(nameof(origin.Ranks), origin.Ranks),
        JsonProperty.Of(nameof(origin.Commit), origin.Commit),
        JsonProperty.Of(nameof(origin.Version), origin.Version))).Debug(Began, config.Run.Name, step);

    /// <summary>The run ended.</summary>
    public static void End(ILogger log, TrainConfig config, long step, RunStatus status, string? problem) =>
        log.ForContext(new EventProperties(RunEvent.OfKind(RunEvent.Ended), JsonProperty.Of("Message", problem))).Debug(Over, config.Run.Name, step, status.ToString().ToLowerInvariant());
}
