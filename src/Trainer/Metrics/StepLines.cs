using System.Text;
using System.Text.Json;

namespace SparkTrain.Trainer;

/// <summary>A file of steps: one JSON object a line, flushed as it is written.</summary>
/// <typeparam name="T">What is known of a step.</typeparam>
public sealed class StepLines<T> : IDisposable
    where T : class
{
    private readonly FileStream file;
    private readonly JsonSerializerOptions json;
    private readonly Action<T>? seen;
    private long lastLine;

    /// <summary>Opens the file for appending, after dropping what an interrupted session wrote beyond the step that the run resumes from.</summary>
    /// <param name="path">The file; made when absent.</param>
    /// <param name="resumeStep">The last step whose lines stay; null when nothing is resumed and the file begins anew.</param>
    /// <param name="json">How a line is written.</param>
    /// <param name="stepOf">The step of a line.</param>
    /// <param name="seen">Is given every line that stays or is written.</param>
    public StepLines(string path, long? resumeStep, JsonSerializerOptions json, Func<T, long> stepOf, Action<T>? seen = null)
    {
        (this.json, this.seen) = (json, seen);
        if (resumeStep is { } step && File.Exists(path))
        {
            string kept = path + ".tmp";
            using (var lines = File.Create(kept))
                foreach (string line in File.ReadLines(path))
                {
                    if (Parse(line, json) is not { } logged || stepOf(logged) > step) continue;
                    lastLine = lines.Position;
                    lines.Write(Encoding.UTF8.GetBytes(line + "\n"));
                    seen?.Invoke(logged);
                }
            File.Move(kept, path, overwrite: true);
        }
        file = new(path, resumeStep is null ? FileMode.Create : FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        file.Seek(0, SeekOrigin.End);
    }

    /// <summary>Appends a line.</summary>
    public void Write(T line)
    {
        lastLine = file.Position;
        file.Write([.. JsonSerializer.SerializeToUtf8Bytes(line, json), (byte)'\n']);
        file.Flush();
        seen?.Invoke(line);
    }

    /// <summary>Writes the last line again, now that more is known; until then it stays as it was.</summary>
    public void Rewrite(T line)
    {
        file.Position = lastLine;
        Write(line);
    }

    /// <summary>Flushes the lines to the disk; any thread may call it.</summary>
    public void FlushToDisk() => RandomAccess.FlushToDisk(file.SafeFileHandle);

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();

    /// <summary>Reads a line; null where a killed process left it half written.</summary>
    internal static T? Parse(string line, JsonSerializerOptions json)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(line, json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
