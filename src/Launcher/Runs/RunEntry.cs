using System.Text.Json;
using System.Text.Json.Nodes;
using SparkTrain.Checkpoints;
using SparkTrain.Configuration;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Runs;

/// <summary>A run as its folder shows it; it may be training meanwhile.</summary>
/// <param name="Path">The folder.</param>
/// <param name="Config">Its resolved configuration.</param>
/// <param name="Logged">Its logged steps.</param>
/// <param name="Generated">What its model wrote last.</param>
/// <param name="Status">How it ended, or that a process trains it.</param>
/// <param name="Changed">When it was logged last, UTC.</param>
internal sealed record RunEntry(string Path, JsonObject Config, IReadOnlyList<StepMetrics> Logged, IReadOnlyList<GeneratedText> Generated, RunStatus Status, DateTime Changed)
{
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
        var run = RunFolder.At(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(folder)));
        try
        {
            if (!IsRun(run.Path)) throw new CheckpointException(folder, $"it has no {System.IO.Path.GetFileName(run.ConfigFile)} and no {System.IO.Path.GetFileName(run.MetricsFile)}", "the folder of a run, runs/NAME", "check the path; `runs ls` lists what there is");
            var resolved = (JsonObject)JsonNode.Parse(File.ReadAllText(run.ConfigFile), documentOptions: new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true })!;
            // Where values come from is not what they are.
            resolved.Remove(ConfigurationFile.OriginsKey);
            return new(run.Path, resolved, MetricsFile.Read(run.MetricsFile), GeneratedText.ReadLast(run.GeneratedFile), StatusOf(run), File.GetLastWriteTimeUtc(File.Exists(run.MetricsFile) ? run.MetricsFile : run.ConfigFile));
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

    private static bool IsRun(string path) => RunFolder.At(path) is var run && File.Exists(run.ConfigFile) && (File.Exists(run.MetricsFile) || Directory.Exists(run.Checkpoints));

    // Who was killed wrote no report, and holds nothing.
    private static RunStatus StatusOf(RunFolder run)
    {
        if (run.IsHeld) return RunStatus.Running;
        if (!File.Exists(run.Report) || File.GetLastWriteTimeUtc(run.Report) < File.GetLastWriteTimeUtc(run.MetricsFile)) return RunStatus.Stopped;
        return Enum.TryParse<RunStatus>(JsonNode.Parse(File.ReadAllText(run.Report))?["status"]?.GetValue<string>(), ignoreCase: true, out var status) ? status : RunStatus.Stopped;
    }
}
