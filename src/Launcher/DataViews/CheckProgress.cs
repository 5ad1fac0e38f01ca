using System.Diagnostics;
using System.Globalization;

namespace SparkTrain.Launcher.DataViews;

/// <summary>Counts how much has been read, and shows it where a person watches: a line that is redrawn.</summary>
internal sealed class CheckProgress(Terminal terminal, bool shows) : IProgress<long>, IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    private readonly bool isLive = shows && terminal.IsLive;
    private readonly Stopwatch watch = Stopwatch.StartNew();
    private TimeSpan last;

    /// <summary>Bytes read.</summary>
    public long Bytes { get; private set; }

    /// <summary>Time since the beginning.</summary>
    public TimeSpan Elapsed => watch.Elapsed;

    public void Report(long value)
    {
        Bytes += value;
        if (!isLive || watch.Elapsed - last < Period) return;
        last = watch.Elapsed;
        terminal.Exact.Write(string.Create(CultureInfo.InvariantCulture, $"\r\e[K{Bytes / 1e6:N0} MB"));
    }

    public void Dispose()
    {
        if (isLive) terminal.Exact.Write("\r\e[K");
    }
}
