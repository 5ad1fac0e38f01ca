using System.Text;
using SparkTrain.Input;

namespace SparkTrain.Telemetry;

/// <summary>A text file that grows line by line. Lines that the disk does not take wait in memory and are tried again with the next one, so that a full disk stops nobody.</summary>
public sealed class LineFile : IDisposable
{
    private readonly string path;
    private readonly FileStream file;
    private readonly Lock guard = new();
    private readonly List<byte[]> waiting = [];
    private long end, lastLine;

    /// <summary>Opens a file for appending.</summary>
    /// <param name="path">The file; made when absent.</param>
    /// <param name="kept">Returns each line that is there as it is to stay, or null where it goes; null begins the file anew.</param>
    /// <exception cref="IOException">The file is not writable, or no regular one.</exception>
    public LineFile(string path, Func<string, string?>? kept)
    {
        this.path = path;
        RegularFile.RequireNamed(path);
        if (kept is not null && File.Exists(path))
        {
            string temporary = path + ".tmp";
            using (var lines = File.Create(temporary))
            {
                foreach (string line in RegularFile.ReadLines(path).Select(kept).OfType<string>())
                {
                    lastLine = lines.Position;
                    lines.Write(Encoding.UTF8.GetBytes(line + "\n"));
                }
                lines.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        file = new(path, kept is null ? FileMode.Create : FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
        end = file.Length;
    }

    /// <summary>Appends a line.</summary>
    /// <param name="line">UTF-8 text without its end.</param>
    public void Append(ReadOnlySpan<byte> line)
    {
        lock (guard)
        {
            waiting.Add([.. line, (byte)'\n']);
            _ = Drain();
        }
    }

    /// <summary>Puts a longer line in the place of the last one.</summary>
    /// <param name="line">UTF-8 text without its end.</param>
    public void ReplaceLast(ReadOnlySpan<byte> line)
    {
        lock (guard)
        {
            if (waiting.Count > 0) waiting.RemoveAt(waiting.Count - 1);
            else end = lastLine;
            Append(line);
        }
    }

    /// <summary>Brings all lines to the disk; any thread may call it.</summary>
    /// <exception cref="IOException">The disk does not take them.</exception>
    public void FlushToDisk()
    {
        lock (guard)
            if (Drain() is { } problem) throw new IOException($"{path}: {problem.Message}", problem);
        // Lines may be appended for as long as the disk takes.
        RandomAccess.FlushToDisk(file.SafeFileHandle);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();

    // A line that was written in part is written again at the same place. What lies beyond the end of the file comes first: a disk that does not take it leaves the line that is there as it was.
    private IOException? Drain()
    {
        try
        {
            while (waiting.Count > 0)
            {
                byte[] line = waiting[0];
                int there = (int)Math.Clamp(RandomAccess.GetLength(file.SafeFileHandle) - end, 0, line.Length);
                RandomAccess.Write(file.SafeFileHandle, line.AsSpan(there), end + there);
                RandomAccess.Write(file.SafeFileHandle, line.AsSpan(0, there), end);
                (lastLine, end) = (end, end + line.Length);
                waiting.RemoveAt(0);
            }
            return null;
        }
        catch (IOException e)
        {
            return e;
        }
    }
}
