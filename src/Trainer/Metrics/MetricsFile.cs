using System.Text;
using System.Text.Json;

namespace SparkTrain.Trainer;

/// <summary>metrics.jsonl of a run: one JSON object a line, flushed as it is written; the source of every chart.</summary>
public sealed class MetricsFile : IDisposable
{
    private readonly FileStream file;
    private long lastLine;

    /// <summary>Opens the file for appending, after dropping what an interrupted session logged beyond the step that the run resumes from.</summary>
    /// <param name="path">The file; made when absent.</param>
    /// <param name="resumeStep">The last step whose lines stay; null when nothing is resumed and the file begins anew.</param>
    public MetricsFile(string path, long? resumeStep)
    {
        if (resumeStep is { } step && File.Exists(path))
        {
            string kept = path + ".tmp";
            File.WriteAllLines(kept, File.ReadLines(path).Where(line => StepOf(line) is { } s && s <= step), new UTF8Encoding(false));
            File.Move(kept, path, overwrite: true);
        }
        file = new(path, resumeStep is null ? FileMode.Create : FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        file.Seek(0, SeekOrigin.End);
    }

    /// <summary>Appends a line.</summary>
    public void Write(StepMetrics metrics)
    {
        lastLine = file.Position;
        file.Write([.. JsonSerializer.SerializeToUtf8Bytes(metrics, StepMetrics.Json), (byte)'\n']);
        file.Flush();
    }

    /// <summary>Writes the last line again, now that its validation is known: it was there before the checkpoint of its step, and stays if the validation does not end.</summary>
    public void Rewrite(StepMetrics metrics)
    {
        file.Position = lastLine;
        Write(metrics);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();

    // A line that a killed process left half written has no step.
    private static long? StepOf(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("step").GetInt64();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }
}
