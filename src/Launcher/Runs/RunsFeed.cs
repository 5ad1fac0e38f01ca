using SparkTrain.Dashboard;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Runs;

/// <summary>Gives a dashboard the events of all runs in a folder, and new ones as they are written: no run need know of it.</summary>
internal sealed class RunsFeed(DashboardServer server, string folder, Terminal terminal)
{
    private const int ChunkBytes = 1 << 20;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, long> offsets = [];
    private readonly HashSet<string> unreadable = [];

    /// <summary>Reads until told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            foreach (string journal in Directory.EnumerateDirectories(folder).Select(run => RunFolder.At(run).Events).Where(File.Exists)) Read(journal, stop);
            await Task.Delay(Period, stop).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private void Read(string journal, CancellationToken stop)
    {
        try
        {
            using var file = new FileStream(journal, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            long offset = Math.Min(offsets.GetValueOrDefault(journal), file.Length);
            for (byte[] bytes = new byte[ChunkBytes]; !stop.IsCancellationRequested;)
            {
                int length = RandomAccess.Read(file.SafeFileHandle, bytes, offset), whole = bytes.AsSpan(0, length).LastIndexOf((byte)'\n') + 1;
                if (whole == 0 && length == bytes.Length) bytes = new byte[checked(2 * bytes.Length)];
                else if (whole == 0) break;
                else
                {
                    server.Ingest(bytes.AsSpan(0, whole));
                    offset += whole;
                }
            }
            offsets[journal] = offset;
        }
        // Tried again with the next look.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (unreadable.Add(journal)) terminal.Error.WriteLine($"warning: {journal}: {e.Message}");
        }
    }
}
