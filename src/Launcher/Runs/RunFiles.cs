using System.Text.Json;
using System.Text.Json.Nodes;
using SparkTrain.Checkpoints;
using SparkTrain.Configuration;
using SparkTrain.Input;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Runs;

/// <summary>Reads the files of a run one by one, in whatever condition they are: of one that cannot be used, what is wrong is told, and the others are read all the same.</summary>
/// <param name="run">The folder; a process may be training in it.</param>
/// <param name="damaged">Receives what is wrong with a file.</param>
internal sealed class RunFiles(RunFolder run, Action<CheckpointException> damaged)
{
    // No configuration and no report is nearly as long.
    private const int LongestFile = 64 << 20;

    private const string TrainAgain = "run the training command again: it writes the file anew, and the run goes on from its checkpoints";
    private const string FromBackup = "restore it from a backup; or train on: what can be read of it stays";

    private static readonly JsonDocumentOptions Commented = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
    private static readonly Dictionary<string, RunStatus> Ends = new() { ["complete"] = RunStatus.Complete, ["stopped"] = RunStatus.Stopped, ["failed"] = RunStatus.Failed };

    /// <summary>The resolved configuration; null where it cannot be read.</summary>
    public JsonObject? Config() => Read(run.ConfigFile, "the configuration of a run", TrainAgain, path =>
    {
        var config = ObjectIn(path, Commented);
        // Where values come from is not what they are.
        config.Remove(ConfigurationFile.OriginsKey);
        // Names that stand twice, and texts that are none, are found when they are looked at.
        _ = JsonLeaves.Of(config);
        return StepsOf(config) is null ? throw new JsonException("it has no Training.Steps") : config;
    });

    /// <summary>The logged steps; null where there are lines, and none is one.</summary>
    public IReadOnlyList<StepMetrics>? Logged() => Lines(run.MetricsFile, "a step a line, as training logs them", MetricsFile.Read);

    /// <summary>What the model wrote last.</summary>
    public IReadOnlyList<GeneratedText> Generated() => Lines(run.GeneratedFile, "a text a line, as training writes them", GeneratedText.ReadLast) ?? [];

    /// <summary>The report of the run's last end; null where there is none.</summary>
    /// <param name="isReadable">False where there is one, and it cannot be read.</param>
    public RunEnd? End(out bool isReadable)
    {
        isReadable = true;
        if (!Path.Exists(run.Report)) return null;
        var end = Read(run.Report, "the report of a run", "run the training command again: it ends with a new report", path =>
        {
            var report = ObjectIn(path, default);
            return report["status"] is JsonValue status && status.TryGetValue(out string? word) && Ends.TryGetValue(word, out var known)
                ? new RunEnd(known, Whole(report["step"]), report["ended"] is JsonValue ended && ended.TryGetValue(out DateTime time) ? time.ToUniversalTime() : null)
                : throw new JsonException($"its status is none of {string.Join(", ", Ends.Keys)}");
        });
        isReadable = end is not null;
        return end;
    }

    /// <summary>Optimizer updates that a configuration asks for; null where it does not say.</summary>
    public static long? StepsOf(JsonObject config) => config["Training"] is JsonObject training ? Whole(training["Steps"]) : null;

    private static long? Whole(JsonNode? node) => node is JsonValue value && value.TryGetValue(out long number) ? number : null;

    private static JsonObject ObjectIn(string path, JsonDocumentOptions options)
    {
        byte[] bytes = RegularFile.ReadAllBytes(path, LongestFile);
        var text = bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsSpan(3) : bytes;
        if (text.Trim(" \t\r\n\0"u8).IsEmpty) throw new JsonException("it is empty");
        return JsonNode.Parse(text, documentOptions: options) as JsonObject ?? throw new JsonException("it is no JSON object");
    }

    // Where there is no such file nothing was logged yet.
    private IReadOnlyList<T>? Lines<T>(string path, string expected, Func<string, Action<long>, IReadOnlyList<T>> read)
        where T : class => !Path.Exists(path) ? [] : Read(path, expected, FromBackup, _ =>
        {
            long broken = 0, first = 0;
            var lines = read(path, number =>
            {
                if (broken++ == 0) first = number;
            });
            if (broken > 0) damaged(new(path, $"{broken} of its lines cannot be read, the first is line {first}", expected, FromBackup));
            return lines.Count == 0 && broken > 0 ? null : lines;
        });

    private T? Read<T>(string path, string expected, string advice, Func<string, T?> read)
        where T : class
    {
        try
        {
            if (Directory.Exists(path)) throw new IOException("a folder is in its place");
            if (!File.Exists(path)) throw new IOException("the file is missing");
            RegularFile.Require(path);
            return read(path);
        }
        catch (UnauthorizedAccessException e)
        {
            damaged(new(path, $"it may not be read ({e.Reason()})", expected, "correct its permissions", e));
        }
        // A name that stands twice is an ArgumentException, half a character an InvalidOperationException.
        catch (Exception e) when (e is IOException or CheckpointException or JsonException or InvalidOperationException or ArgumentException or FormatException)
        {
            damaged(new(path, $"it cannot be read ({e.Reason()})", expected, advice, e));
        }
        return null;
    }
}

/// <summary>How a run has ended, as its report says.</summary>
/// <param name="Status">The status.</param>
/// <param name="Step">The step that it had come to; null where the report does not say.</param>
/// <param name="Ended">When, UTC; null where the report does not say.</param>
internal sealed record RunEnd(RunStatus Status, long? Step, DateTime? Ended)
{
    /// <summary>
    /// True where the run has not gone on since. A later start that was killed has logged beyond the report's step, or has been asked for more steps; one that went back to an older checkpoint has logged less than
    /// a complete run, which logs its last step always.
    /// </summary>
    /// <param name="last">The last logged step; null where there is none.</param>
    /// <param name="steps">The steps that the configuration asks for.</param>
    public bool IsLast(long? last, long? steps) =>
        Step is not { } ended || (last is null || last <= ended) && (Status != RunStatus.Complete || (last is null || last == ended) && (steps is null || steps <= ended));
}
