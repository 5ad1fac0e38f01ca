using System.Text.Json;
using SparkTrain.Input;

namespace SparkTrain.Telemetry;

/// <summary>A warning or error that a run has logged.</summary>
/// <param name="Time">When, UTC.</param>
/// <param name="Level">Warning, Error or Fatal.</param>
/// <param name="Message">What it said.</param>
public sealed record LoggedWarning(DateTime Time, string Level, string Message)
{
    // As HttpEventFormatter writes them; most lines of a journal are numbers of steps, which need not be parsed.
    private static readonly string[] Marks = ["\"Level\":\"Warning\"", "\"Level\":\"Error\"", "\"Level\":\"Fatal\""];

    /// <summary>Reads the warnings in a journal, in its order; none where there is no such file. It may be being written meanwhile.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static IEnumerable<LoggedWarning> Read(string journal)
    {
        if (!File.Exists(journal)) yield break;
        foreach (string line in RegularFile.ReadLines(journal))
            if (Marks.Any(mark => line.Contains(mark, StringComparison.Ordinal)) && Parse(line) is { } warning) yield return warning;
    }

    // A line that is half written, or that was not written by a journal, is none.
    private static LoggedWarning? Parse(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var e = json.RootElement;
            return new(e.GetProperty("Timestamp").GetDateTime(), e.GetProperty(nameof(Level)).GetString()!, e.GetProperty("RenderedMessage").GetString()!);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            return null;
        }
    }
}
