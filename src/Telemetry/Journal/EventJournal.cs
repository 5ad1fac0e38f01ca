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

    /// <summary>
    /// Opens the journal for appending; a line that was cut off is dropped. A copy of a run that goes on as another gets an identity of its own, under which its journal tells what it has in common with the original too.
    /// </summary>
    /// <param name="path">The file; made when absent.</param>
    /// <param name="place">The run that the journal is of; null goes on with the run that it was begun by.</param>
    /// <exception cref="IOException">The file is not writable.</exception>
    public EventJournal(string path, RunPlace? place = null)
    {
        Path = path;
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        var known = RunIdentity.Read(path);
        bool isOther = known is not null && place is not null && known.IsOfAnother(place, path);
        var own = new RunIdentity(known is null || isOther ? Guid.NewGuid().ToString("N") : known.Id, place?.Name ?? known?.Name, place?.Folder ?? known?.Folder);
        RunId = own.Id;
        string? last = null;
        lines = new(path, line =>
        {
            string? kept = !line.EndsWith('}') ? null : isOther ? JournalLine.Under(line, own.Id, own.Name) : line;
            if (kept is null) return null;
            sequence++;
            return last = kept;
        });
        // Fewer lines than numbers are there where damaged ones were dropped: no number is given twice.
        if (last is not null && JournalLine.SequenceOf(last) is { } highest) sequence = Math.Max(sequence, highest + 1);
        // A server was sent other bytes of it, under another identity.
        if (isOther) File.Delete(Bookmark.PathOf(path));
        // Last: what is interrupted before is done again.
        if (own != known) own.Write(path);
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
}
