using System.Text.Json;
using System.Text.Json.Nodes;
using SparkTrain.Checkpoints;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Runs;

/// <summary>A run as its folder shows it; it may be training meanwhile.</summary>
/// <param name="Path">The folder.</param>
/// <param name="Config">Its resolved configuration.</param>
/// <param name="Logged">Its logged steps.</param>
/// <param name="Status">How it ended, or that a process trains it.</param>
/// <param name="Changed">When it was logged last, UTC.</param>
internal sealed record RunEntry(string Path, JsonObject Config, IReadOnlyList<StepMetrics> Logged, RunStatus Status, DateTime Changed)
{
    private const string ConfigFile = "config.json", MetricsName = "metrics.jsonl", ReportFile = "report.json";

    /// <summary>Its name.</summary>
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>Optimizer updates that it is to do.</summary>
    public long Steps => Config["Training"]?[nameof(Steps)]?.GetValue<long>() ?? 0;

    /// <summary>The last logged step.</summary>
    public StepMetrics? Last => Logged is [.., var last] ? last : null;

    /// <summary>The last logged step that has a validation loss.</summary>
    public StepMetrics? LastValidated => Logged.LastOrDefault(m => m.ValLoss is not null);

    /// <summary>Reads a run.</summary>
    /// <exception cref="CheckpointException">It is no run's folder, or cannot be read.</exception>
    public static RunEntry Read(string folder)
    {
        string path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(folder)), config = System.IO.Path.Combine(path, ConfigFile), metrics = System.IO.Path.Combine(path, MetricsName);
        try
        {
            if (!IsRun(path)) throw new CheckpointException(folder, $"it has no {ConfigFile} and no {MetricsName}", "the folder of a run, runs/NAME", "check the path; `runs ls` lists what there is");
            var resolved = (JsonObject)JsonNode.Parse(File.ReadAllText(config), documentOptions: new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true })!;
            return new(path, resolved, MetricsFile.Read(metrics), StatusOf(path), File.GetLastWriteTimeUtc(File.Exists(metrics) ? metrics : config));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidCastException)
        {
            throw new CheckpointException(folder, $"the run cannot be read ({e.Message.TrimEnd('.')})", "a folder that training has written", "check its permissions", e);
        }
    }

    /// <summary>Reads all runs in a folder, the one that was logged last first.</summary>
    /// <exception cref="CheckpointException">There is no such folder, or a run cannot be read.</exception>
    public static IReadOnlyList<RunEntry> ReadAll(string folder)
    {
        if (!Directory.Exists(folder)) throw new CheckpointException(folder, "there is no such folder", "a folder that holds runs", "check the path; runs are in Run.Folder of their configuration, runs/ where it says nothing");
        return [.. Directory.GetDirectories(folder).Where(IsRun).Select(Read).OrderByDescending(run => run.Changed)];
    }

    private static bool IsRun(string path) => File.Exists(System.IO.Path.Combine(path, ConfigFile)) && (File.Exists(System.IO.Path.Combine(path, MetricsName)) || Directory.Exists(System.IO.Path.Combine(path, "checkpoints")));

    // Who trains holds the lock; who was killed wrote no report, and holds nothing.
    private static RunStatus StatusOf(string path)
    {
        try
        {
            string held = System.IO.Path.Combine(path, "run.lock");
            if (File.Exists(held)) new FileStream(held, FileMode.Open, FileAccess.Read, FileShare.None).Dispose();
        }
        catch (IOException)
        {
            return RunStatus.Running;
        }
        string report = System.IO.Path.Combine(path, ReportFile);
        if (!File.Exists(report) || File.GetLastWriteTimeUtc(report) < File.GetLastWriteTimeUtc(System.IO.Path.Combine(path, MetricsName))) return RunStatus.Stopped;
        return Enum.TryParse<RunStatus>(JsonNode.Parse(File.ReadAllText(report))?["status"]?.GetValue<string>(), ignoreCase: true, out var status) ? status : RunStatus.Stopped;
    }
}
