using System.Diagnostics;
using System.Globalization;

namespace SparkTrain.Bench;

/// <summary>Times several ways to do one thing in turn, round after round, so that a busy machine slows all of them alike.</summary>
public static class RoundRobin
{
    private const double MinSampleSeconds = 0.02, WarmSeconds = 0.5;

    /// <summary>Prints a line per way: the median time of all rounds, and the median over rounds of its time over the first way's in the same round.</summary>
    public static void Compare(string title, int rounds, params (string Name, Action Run)[] ways)
    {
        var repeats = Array.ConvertAll(ways, way =>
        {
            // Until the JIT's last tier is in place: it waits for 100 ms without new methods, more than once.
            for (var warm = Stopwatch.StartNew(); warm.Elapsed.TotalSeconds < WarmSeconds;) way.Run();
            return Math.Clamp((int)(MinSampleSeconds / Math.Max(1e-6, Time(way.Run, 1))), 1, 10_000);
        });
        var seconds = Array.ConvertAll(ways, _ => new double[rounds]);
        for (int round = 0; round < rounds; round++)
            for (int i = 0; i < ways.Length; i++) seconds[i][round] = Time(ways[i].Run, repeats[i]);

        Console.WriteLine(title);
        for (int i = 0; i < ways.Length; i++)
        {
            var ratios = seconds[i].Zip(seconds[0], (mine, first) => mine / first);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {ways[i].Name,-34} {1e3 * Median(seconds[i]),10:f3} ms  {Median(ratios),7:f2} x ours"));
        }
    }

    /// <summary>True counts this process's processor time, which other programs disturb less; right for one thread only.</summary>
    public static bool ByProcessorTime { get; set; }

    private static double Time(Action run, int repeats)
    {
        var watch = Stopwatch.StartNew();
        var before = Environment.CpuUsage.TotalTime;
        for (int i = 0; i < repeats; i++) run();
        return (ByProcessorTime ? Environment.CpuUsage.TotalTime - before : watch.Elapsed).TotalSeconds / repeats;
    }

    /// <summary>The middle value, or the mean of the two in the middle.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
