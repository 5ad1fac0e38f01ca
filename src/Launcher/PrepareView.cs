using System.Diagnostics;
using System.Globalization;
using SparkTrain.Data;

namespace SparkTrain.Launcher;

/// <summary>Shows how far prepare is: a bar that is redrawn where a person watches, else a line every few seconds.</summary>
internal sealed class PrepareView(Terminal terminal) : IProgress<PrepareProgress>, IDisposable
{
    private static readonly TimeSpan LivePeriod = TimeSpan.FromMilliseconds(100), PlainPeriod = TimeSpan.FromSeconds(5);

    private readonly Lock drawing = new();
    private long last = Stopwatch.GetTimestamp();
    private bool drawn;

    public void Report(PrepareProgress value)
    {
        lock (drawing)
        {
            if (value.Phase == PreparePhase.GoingOn)
            {
                terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"goes on after {value.Documents:N0} documents, {value.Shards:N0} shards that are finished"));
                return;
            }
            if (Stopwatch.GetElapsedTime(last) < (terminal.IsLive ? LivePeriod : PlainPeriod)) return;
            last = Stopwatch.GetTimestamp();
            string line = Line(value);
            if (terminal.IsLive) terminal.Exact.Write($"\r\e[K{line}");
            else terminal.Out.WriteLine(line);
            drawn = true;
        }
    }

    public void Dispose()
    {
        if (terminal.IsLive && drawn) terminal.Exact.Write("\r\e[K");
    }

    private static string Line(PrepareProgress p) => Bar(p.Read) + p.Phase switch
    {
        PreparePhase.Sampling => string.Create(CultureInfo.InvariantCulture, $"reading for the tokenizer: {p.Documents:N0} documents, {p.TextBytes / 1e6:F1} MB"),
        PreparePhase.TrainingTokenizer => string.Create(CultureInfo.InvariantCulture, $"training the tokenizer on {p.TextBytes / 1e6:F1} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"tokenizing: {p.Documents:N0} documents, {p.TextBytes / 1e6:F1} MB, {p.Tokens:N0} tokens, {p.Shards:N0} shards finished"),
    };

    private static string Bar(double share)
    {
        const int Width = 20;
        int full = (int)Math.Round(Width * Math.Clamp(share, 0, 1));
        return string.Create(CultureInfo.InvariantCulture, $"[{new string('#', full)}{new string('.', Width - full)}] {share,4:P0} ").Replace(" %", "%", StringComparison.Ordinal);
    }
}
