using SparkTrain.Input;

namespace SparkTrain.Launcher.Runs;

/// <summary>What a journal has more than at the last look.</summary>
/// <param name="path">The journal; a process may be writing it.</param>
internal sealed class JournalTail(string path)
{
    private const int ChunkBytes = 1 << 20, LongestLine = 64 << 20, HeadBytes = 1 << 10;

    private byte[] head = [];
    private long offset;

    /// <summary>Receives whole lines.</summary>
    public delegate void Receiver(ReadOnlySpan<byte> lines);

    /// <summary>Gives the whole lines that are new. A journal that was replaced by another is read from its beginning.</summary>
    /// <param name="receive">Receives them.</param>
    /// <param name="stop">Asks to leave.</param>
    /// <exception cref="IOException">The journal is not there, is no regular file, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public void Read(Receiver receive, CancellationToken stop)
    {
        using var file = RegularFile.OpenShared(path);
        if (IsAnother(file)) offset = 0;
        for (byte[] bytes = new byte[ChunkBytes]; !stop.IsCancellationRequested;)
        {
            int length = RandomAccess.Read(file.SafeFileHandle, bytes, offset), whole = bytes.AsSpan(0, length).LastIndexOf((byte)'\n') + 1;
            if (whole > 0)
            {
                receive(bytes.AsSpan(0, whole));
                offset += whole;
            }
            else if (length < bytes.Length)
            {
                break;
            }
            else if (bytes.Length < LongestLine)
            {
                bytes = new byte[2 * bytes.Length];
            }
            else
            {
                offset = file.Length;
                throw new IOException($"it has a line of more than {LongestLine >> 20} MiB, which was passed over");
            }
        }
    }

    // Shorter than what was read of it, or with another beginning.
    private bool IsAnother(FileStream file)
    {
        byte[] now = new byte[HeadBytes];
        now = now[..RandomAccess.Read(file.SafeFileHandle, now, 0)];
        bool isAnother = file.Length < offset || !now.AsSpan().StartsWith(head);
        head = now;
        return isAnother;
    }
}
