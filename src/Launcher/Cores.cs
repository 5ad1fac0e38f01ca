using SparkTrain.Distributed;

namespace SparkTrain.Launcher;

/// <summary>The cores that a rank may compute on.</summary>
internal static class Cores
{
    private const string StatusFile = "/proc/self/status", AllowedField = "Cpus_allowed:";

    /// <summary>Returns this rank's share of the cores that it is allowed to use, at least 1. All ranks call it together.</summary>
    public static int OfRank(ICollectives ranks)
    {
        // Launchers bind ranks to cores of their own, or let all use all of them.
        var allowed = new double[ranks.WorldSize];
        allowed[ranks.Rank] = Fingerprint.Of(Allowed());
        ranks.AllReduceSum(allowed);
        return Share(Environment.ProcessorCount, ranks.HostRanks.Count(other => allowed[other] == allowed[ranks.Rank]));
    }

    internal static int Share(int cores, int sharers) => Math.Max(1, cores / sharers);

    private static string Allowed() =>
        File.Exists(StatusFile) ? File.ReadLines(StatusFile).FirstOrDefault(line => line.StartsWith(AllowedField, StringComparison.Ordinal)) ?? "" : "";
}
