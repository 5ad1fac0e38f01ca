using System.Text.Json;
using SparkTrain.Checkpoints;
using SparkTrain.Input;
using SparkTrain.Telemetry;

namespace SparkTrain.Trainer;

/// <summary>A file of steps: one JSON object a line, written at once.</summary>
/// <typeparam name="T">What is known of a step.</typeparam>
internal sealed class StepLines<T> : IDisposable
    where T : class
{
    private readonly LineFile lines;
    private readonly JsonSerializerOptions json;
    private readonly Action<T>? seen;

    /// <summary>Opens the file for appending, after dropping what an interrupted session wrote beyond the step that the run resumes from.</summary>
    /// <param name="path">The file; made when absent.</param>
    /// <param name="resumeStep">The last step whose lines stay; null when nothing is resumed and the file begins anew.</param>
    /// <param name="json">How a line is written.</param>
    /// <param name="stepOf">The step of a line.</param>
    /// <param name="seen">Is given every line that stays or is written.</param>
    /// <exception cref="IOException">The file is not writable.</exception>
    public StepLines(string path, long? resumeStep, JsonSerializerOptions json, Func<T, long> stepOf, Action<T>? seen = null)
    {
        (this.json, this.seen) = (json, seen);
        lines = new(path, resumeStep is { } last ? Kept : null);

        string? Kept(string line)
        {
            if (Parse(line, json) is not { } step || stepOf(step) > last) return null;
            seen?.Invoke(step);
            return line;
        }
    }

    /// <summary>Appends a line.</summary>
    public void Write(T line)
    {
        lines.Append(JsonSerializer.SerializeToUtf8Bytes(line, json));
        seen?.Invoke(line);
    }

    /// <summary>Writes the last line again, now that more is known; until then it stays as it was.</summary>
    public void Rewrite(T line)
    {
        lines.ReplaceLast(JsonSerializer.SerializeToUtf8Bytes(line, json));
        seen?.Invoke(line);
    }

    /// <summary>Brings all lines to the disk; any thread may call it.</summary>
    /// <exception cref="IOException">The disk does not take them.</exception>
    public void FlushToDisk() => lines.FlushToDisk();

    /// <summary>Closes the file.</summary>
    public void Dispose() => lines.Dispose();

    /// <summary>Reads the lines of a file that may be being written meanwhile.</summary>
    /// <param name="path">The file.</param>
    /// <param name="json">How a line is read.</param>
    /// <param name="broken">Is given the number, from 1 on, of each line that is none; but for the last, which may be half written.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static IEnumerable<T> Read(string path, JsonSerializerOptions json, Action<long>? broken = null)
    {
        long? suspect = null;
        long number = 0;
        foreach (string line in RegularFile.ReadLines(path))
        {
            number++;
            if (suspect is { } before) broken?.Invoke(before);
            suspect = null;
            if (Parse(line, json) is { } step) yield return step;
            else suspect = number;
        }
    }

    /// <summary>The same, where there may be no such file.</summary>
    /// <exception cref="CheckpointException">The file cannot be read.</exception>
    public static IReadOnlyList<T> ReadIfThere(string path, JsonSerializerOptions json, string what)
    {
        try
        {
            return File.Exists(path) ? [.. Read(path, json)] : [];
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            throw new CheckpointException(path, $"it cannot be read ({e.Reason()})", what, "check its permissions", e);
        }
    }

    // A line that a killed process left half written is none.
    private static T? Parse(string line, JsonSerializerOptions json)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(line, json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
