using System.Globalization;
using System.Text;
using Serilog.Core;
using Serilog.Events;

namespace SparkTrain.Telemetry;

/// <summary>
/// events.jsonl of a run: every event, a line each, as it will be sent. Written before anything is sent, so that neither a server that is away nor the end of the process loses one; a run that goes on appends.
/// </summary>
public sealed class EventJournal : ILogEventSink, IDisposable
{
    private readonly HttpEventFormatter formatter = new();
    private readonly LineFile lines;
    private readonly Lock guard = new();
    private long sequence;

    /// <summary>Opens the journal for appending; a line that was cut off is dropped.</summary>
    /// <param name="path">The file; made when absent.</param>
    /// <exception cref="IOException">The file is not writable.</exception>
    public EventJournal(string path)
    {
        Path = path;
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        RunId = Identity(System.IO.Path.ChangeExtension(path, ".id"));
        lines = new(path, line =>
        {
            bool isWhole = line.EndsWith('}');
            if (isWhole) sequence++;
            return isWhole;
        });
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The run's identity, 32 hexadecimal digits: made with the journal, and kept beside it.</summary>
    public string RunId { get; }

    /// <summary>Appends an event.</summary>
    public void Emit(LogEvent logEvent)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture);
        lock (guard)
        {
            logEvent.AddOrUpdateProperty(new(RunEvent.Sequence, new ScalarValue(sequence++)));
            formatter.Format(logEvent, text);
            lines.Append(Encoding.UTF8.GetBytes(text.ToString()));
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => lines.Dispose();

    private static string Identity(string path)
    {
        if (File.Exists(path) && Guid.TryParseExact(File.ReadAllText(path).Trim(), "N", out var known)) return known.ToString("N");
        string made = Guid.NewGuid().ToString("N");
        File.WriteAllText(path, made + "\n");
        return made;
    }
}
