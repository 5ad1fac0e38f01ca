using System.Diagnostics;
using System.Globalization;

namespace SparkTrain.Bench;

/// <summary>Processor time that other programs, and other guests of the same host, take away while something is measured.</summary>
/// <param name="peer">A process whose time is not other's, or null.</param>
internal sealed class OtherLoad(LlamaPeer? peer)
{
    private const string Counters = "/proc/stat";

    // As the kernel counts, on every machine that it shows to programs.
    private const double TicksPerSecond = 100;

    // A share of the sample's time; and what the counters, which move in ticks on every core, may be off by.
    private const double Share = 0.05, Uncertainty = 0.025;

    /// <summary>Takes a sample, and says whether others left the machine alone meanwhile. Where the system does not count, they always did.</summary>
    public (double Value, bool IsClean) Watch(Func<double> sample)
    {
        if (!File.Exists(Counters)) return (sample(), true);
        double before = Others();
        var watch = Stopwatch.StartNew();
        double value = sample();
        return (value, Others() - before <= Share * watch.Elapsed.TotalSeconds + Uncertainty);
    }

    /// <summary>Lets the process go before others where the user may do that; returns whether it did. Threads and processes that are started later follow.</summary>
    public static bool TryRaisePriority()
    {
        try
        {
            using var self = Process.GetCurrentProcess();
            self.PriorityClass = ProcessPriorityClass.High;
            return true;
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private double Others() => Busy() - Environment.CpuUsage.TotalTime.TotalSeconds - (peer?.CpuTime.TotalSeconds ?? 0);

    // cpu user nice system idle iowait irq softirq steal …
    private static double Busy()
    {
        string[] fields = File.ReadLines(Counters).First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return ((int[])[1, 2, 3, 6, 7, 8]).Sum(i => double.Parse(fields[i], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }
}
