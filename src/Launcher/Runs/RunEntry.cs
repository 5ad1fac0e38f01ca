using System.Text.Json.Nodes;
using SparkTrain.Checkpoints;
using SparkTrain.Input;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Runs;

/// <summary>A run as its folder shows it; it may be training meanwhile, or be damaged.</summary>
/// <param name="Path">The folder.</param>
/// <param name="Config">Its resolved configuration; empty where it cannot be read.</param>
/// <param name="Logged">Its logged steps; none where they cannot be read.</param>
/// <param name="Status">How it ended, or that a process trains it; null where what tells it cannot be read.</param>
/// <param name="Changed">When it was logged last, UTC.</param>
internal sealed record RunEntry(string Path, JsonObject Config, IReadOnlyList<StepMetrics> Logged, RunStatus? Status, DateTime Changed)
{
    /// <summary>Its name.</summary>
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>Its status in a word: running, complete, stopped, failed, or damaged.</summary>
    public string StatusText => Status?.ToString().ToLowerInvariant() ?? "damaged";

    /// <summary>Optimizer updates that it is to do.</summary>
    public long Steps => RunFiles.StepsOf(Config) ?? 0;

    /// <summary>The last logged step.</summary>
    public StepMetrics? Last => Logged is [.., var last] ? last : null;

    /// <summary>The last logged step that has a validation loss.</summary>
    public StepMetrics? LastValidated => Logged.LastOrDefault(m => m.ValLoss is not null);

    /// <summary>Reads what its model wrote last.</summary>
    /// <param name="damaged">Receives what is wrong with the file.</param>
    public IReadOnlyList<GeneratedText> ReadGenerated(Action<CheckpointException> damaged) => new RunFiles(RunFolder.At(Path), damaged).Generated();

    /// <summary>Reads a run.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="damaged">Receives what is wrong with each file that cannot be used.</param>
    /// <exception cref="CheckpointException">It is no run's folder.</exception>
    public static RunEntry Read(string folder, Action<CheckpointException> damaged)
    {
        var run = RunFolder.At(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(folder)));
        if (!IsRun(run)) throw new CheckpointException(folder, $"it has no {System.IO.Path.GetFileName(run.ConfigFile)} and no {System.IO.Path.GetFileName(run.MetricsFile)}", "the folder of a run, runs/NAME", "check the path; `runs ls` lists what there is");
        var files = new RunFiles(run, damaged);
        var (config, logged) = (files.Config(), files.Logged());
        bool isHeld = run.IsHeld, tells = true;
        // The report of a run that is training is of an end before.
        var end = isHeld ? null : files.End(out tells);
        bool isLast = end is not null && end.IsLast(logged is [.., var last] ? last.Step : null, config is null ? null : RunFiles.StepsOf(config));
        RunStatus? status = isHeld ? RunStatus.Running : config is null || logged is null || !tells ? null : isLast ? end!.Status : RunStatus.Stopped;
        return new(run.Path, config ?? [], logged ?? [], status, isLast && end!.Ended is { } ended ? ended : ChangedAt(run));
    }

    /// <summary>Reads all runs in a folder, the one that was logged last first.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="damaged">Receives what is wrong with each file, or each folder, that cannot be used.</param>
    /// <exception cref="CheckpointException">There is no such folder, or it cannot be read.</exception>
    public static IReadOnlyList<RunEntry> ReadAll(string folder, Action<CheckpointException> damaged)
    {
        List<RunEntry> runs = [];
        foreach (string path in FoldersIn(folder, damaged))
        {
            try
            {
                runs.Add(Read(path, damaged));
            }
            // Deleted, or moved, since it was listed.
            catch (CheckpointException) when (!Directory.Exists(path))
            {
            }
        }
        return [.. runs.OrderByDescending(run => run.Changed)];
    }

    /// <summary>Lists the folders of runs in a folder.</summary>
    /// <inheritdoc cref="ReadAll" path="/param"/>
    /// <inheritdoc cref="ReadAll" path="/exception"/>
    public static IReadOnlyList<string> FoldersIn(string folder, Action<CheckpointException> damaged)
    {
        if (!Directory.Exists(folder)) throw new CheckpointException(folder, "there is no such folder", "a folder that holds runs", "check the path; runs are in Run.Folder of their configuration, runs/ where it says nothing");
        return [.. Entries(folder, error => throw error).Where(path => Directory.Exists(path) && Entries(path, damaged).Length > 0 && IsRun(RunFolder.At(path)))];
    }

    // No two of them are together elsewhere.
    private static bool IsRun(RunFolder run) => ((string[])[run.ConfigFile, run.MetricsFile, run.Checkpoints, run.Report, run.Events]).Count(System.IO.Path.Exists) >= 2;

    private static string[] Entries(string folder, Action<CheckpointException> damaged)
    {
        try
        {
            return Directory.GetFileSystemEntries(folder);
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            damaged(new(folder, $"it cannot be looked into ({e.Reason()})", "a folder that this user may read", "correct its permissions", e));
            return [];
        }
    }

    private static DateTime ChangedAt(RunFolder run) => ((string[])[run.MetricsFile, run.ConfigFile]).Where(File.Exists).Append(run.Path).Select(File.GetLastWriteTimeUtc).First();
}
