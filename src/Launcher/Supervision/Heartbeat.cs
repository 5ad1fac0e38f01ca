using System.Globalization;
using SparkTrain.Distributed;

namespace SparkTrain.Launcher.Supervision;

/// <summary>What a rank tells the supervisor once a second: one line of fields that tabs separate.</summary>
/// <param name="Rank">The rank.</param>
/// <param name="Process">The number of its process.</param>
/// <param name="Host">The name of its machine.</param>
/// <param name="Status">What it is doing.</param>
/// <param name="Leaving">The exit code with which it is about to leave, or null.</param>
internal sealed record Heartbeat(int Rank, int Process, string Host, RankStatus Status, int? Leaving = null)
{
    /// <summary>Longest line that is read, in bytes.</summary>
    public const int MaxLineBytes = 1024;

    private const int MaxTextLength = 80;
    private const double MaxSeconds = 1e9;

    /// <summary>Renders the line, without its end.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Rank}\t{Process}\t{Clean(Host)}\t{Status.Step}\t{Clean(Status.Phase)}\t{Clean(Status.Call)}\t{Status.InCall.TotalSeconds:F3}\t{Leaving}");

    /// <summary>Reads a line; null where it is not one of a rank below <paramref name="worldSize"/>.</summary>
    public static Heartbeat? Parse(string line, int worldSize)
    {
        // What a rank says is printed later: a control character could change a terminal.
        if (line.Split('\t') is not [var rank, var process, var host, var step, var phase, var call, var seconds, var leaving] || line.Any(c => char.IsControl(c) && c != '\t')) return null;
        return Number(rank) is { } r && r < worldSize && Number(process) is > 0 and <= int.MaxValue and var p && Number(step) is { } s && host.Length > 0
            && double.TryParse(seconds, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double inCall) && inCall is >= 0 and < MaxSeconds
            && (leaving.Length == 0 || Number(leaving) is >= 0 and <= 255)
            ? new((int)r, (int)p, host, new(s, phase, call.Length == 0 ? null : call, TimeSpan.FromSeconds(inCall)), leaving.Length == 0 ? null : (int?)Number(leaving))
            : null;
    }

    private static long? Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;

    private static string Clean(string? text) => string.Concat((text ?? "").Take(MaxTextLength).Select(c => char.IsControl(c) ? ' ' : c));
}
