using System.Globalization;
using SparkTrain.ModelFormat;
using SparkTrain.Trainer;

namespace SparkTrain.Bench;

/// <summary>The model of step time beside what this machine does, and what it predicts for clusters, as a table and a picture.</summary>
internal static class ScalingBench
{
    private const string Measured = "spark-30m", Predicted = "spark-2b";

    private const int RanksPerHost = 8, CoresPerRank = 16;

    // What was not measured: a host with the memory of a two-socket server, and networks by their nominal speed. 10 µs is a message by TCP, 1 µs a call of the library.
    private const double HostBytesPerSecond = 300e9, LinkLatency = 10e-6, MessageSeconds = 1e-6;
    private static readonly double[] Gigabits = [10, 25, 100, 400];
    private const double NamespaceGigabits = 1;

    /// <summary>Measures, predicts, prints and draws: <c>[rounds=5] [picture=docs/images/scaling.svg] [network=scripts/network-namespaces.sh]</c>.</summary>
    public static int Run(string[] arguments)
    {
        int rounds = int.Parse(Setting("rounds", "5"), CultureInfo.InvariantCulture);
        string picture = Setting("picture", "docs/images/scaling.svg"), network = Setting("network", "scripts/network-namespaces.sh");
        var points = new List<ScalingPoint>();
        BenchPlace.Use(place =>
        {
            string[] weak = ["weak", Measured, place.Folder, rounds.ToString(CultureInfo.InvariantCulture), "1"];
            foreach (int ranks in (int[])[1, 2, 4]) points.Add(Point(place, 1, MpiJob.Run<WeakScalingResult>(ranks, weak)));
            if (Environment.IsPrivilegedProcess && File.Exists(network))
                foreach (int ranks in (int[])[1, 2])
                    points.Add(Point(place, 2, MpiJob.RunBy<WeakScalingResult>([network, "--hosts", "2", "--ranks", $"{ranks}", "--rate", Inv($"{NamespaceGigabits}gbit"), "--"], weak)));
            else Print($"not measured: two hosts, which needs root and {network}");
        });

        Print($"{Measured} on {Environment.ProcessorCount} cores, a rank 1 thread, batch constant per rank, {rounds} rounds: seconds of a step");
        foreach (var p in points)
            Print($"  {p.Result.Ranks} ranks on {p.Hosts} host{(p.Hosts > 1 ? "s" : " ")}  measured {p.Step:f3}  predicted from one rank {p.FromOne.Total:f3} (measured / predicted {p.Step / p.FromOne.Total:f2}), from ranks side by side {p.FromApart.Total:f3} ({p.Step / p.FromApart.Total:f2}); communication measured {p.Communication:f3} (waiting included), predicted {p.FromApart.Communication:f3}");

        var cluster = Cluster(points[0]);
        var curves = Gigabits.Select(gigabits => (gigabits, Weak: Curve(cluster, gigabits, constantGlobalBatch: false), Strong: Curve(cluster, gigabits, constantGlobalBatch: true))).ToArray();
        Print($"{Predicted}, {RanksPerHost} ranks a host of {CoresPerRank} cores each ({cluster.MicroBatchSeconds:f1} s a micro-batch): efficiency");
        foreach (bool constant in (bool[])[false, true])
        {
            Print($"  {(constant ? "global batch as configured" : "one micro-batch a rank")}; ranks {string.Join(' ', curves[0].Weak.Select(p => Inv($"{p.X,6:f0}")))}");
            foreach (var (gigabits, weak, strong) in curves) Print($"    {gigabits,4:f0} Gbit/s a host          {string.Join(' ', (constant ? strong : weak).Select(p => Inv($"{p.Y,6:f3}")))}");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(picture))!);
        File.WriteAllText(picture, ScalingPicture.Draw(points, curves, RanksPerHost));
        Print($"picture: {picture}");
        return 0;

        string Setting(string name, string unsaid) => arguments.LastOrDefault(a => a.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..] ?? unsaid;
    }

    private static ScalingPoint Point(BenchPlace place, int hosts, WeakScalingResult m)
    {
        double update = RoundRobin.Median(m.Update), micro = RoundRobin.Median(m.Alone) - update, cores = Environment.ProcessorCount;
        // Ranks that share a core take turns.
        var one = new ClusterSpeeds(micro * Math.Max(1, m.Ranks / cores), update / m.Parameters, RoundRobin.Median(m.CopyBandwidth) / hosts, NamespaceGigabits * 1e9 / 8, LinkLatency, MessageSeconds);
        var apart = one with { MicroBatchSeconds = m.Ranks / RoundRobin.Median(m.ApartRate) - update };
        var config = BenchModels.Of(m.Model, place, m.Ranks, m.Model);
        return new(m, hosts, StepTime.Of(config, m.Ranks, m.Ranks / hosts, one, hosts > 1), StepTime.Of(config, m.Ranks, m.Ranks / hosts, apart, hosts > 1));
    }

    // From the speed of one core here: as many floating-point operations a second on each core of the cluster.
    private static ClusterSpeeds Cluster(ScalingPoint one)
    {
        var measured = BenchModels.Of(Measured, new(""), 1, Measured);
        double rate = Flops(measured) / (RoundRobin.Median(one.Result.Alone) - RoundRobin.Median(one.Result.Update));
        return new(Flops(BenchModels.Shipped(Predicted)) / (CoresPerRank * rate), RoundRobin.Median(one.Result.Update) / one.Result.Parameters / CoresPerRank, HostBytesPerSecond, 0, LinkLatency, MessageSeconds);
    }

    private static double Flops(TrainConfig config) =>
        (FlopCount.Forward(config.Model, config.Training.SeqLen).Total + FlopCount.Backward(config.Model, config.Training.SeqLen).Total) * config.Training.SeqLen * config.Training.MicroBatch;

    private static List<(double X, double Y)> Curve(ClusterSpeeds cluster, double gigabits, bool constantGlobalBatch)
    {
        var config = BenchModels.Shipped(Predicted);
        long microBatch = (long)config.Training.SeqLen * config.Training.MicroBatch;
        var speeds = cluster with { LinkBytesPerSecond = gigabits * 1e9 / 8 };
        var curve = new List<(double, double)>();
        for (int ranks = RanksPerHost; ranks <= 4096; ranks *= 2)
        {
            long batch = constantGlobalBatch ? config.Training.GlobalBatchTokens : microBatch * ranks;
            if (batch < microBatch * ranks) break;
            // What one rank would need for the same tokens, by as many ranks.
            double ideal = Of(1, constantGlobalBatch ? batch : microBatch).Total / (constantGlobalBatch ? ranks : 1);
            curve.Add((ranks, ideal / Of(ranks, batch).Total));
        }
        return curve;

        StepTime Of(int ranks, long tokens) =>
            StepTime.Of(config with { Training = config.Training with { GlobalBatchTokens = tokens } }, ranks, Math.Min(ranks, RanksPerHost), speeds, overlaps: ranks > RanksPerHost);
    }

    private static string Inv(FormattableString text) => FormattableString.Invariant(text);

    private static void Print(FormattableString line) => Console.WriteLine(Inv(line));
}

/// <summary>A measured number of ranks with the model's predictions of the same.</summary>
/// <param name="Result">What was measured.</param>
/// <param name="Hosts">Hosts.</param>
/// <param name="FromOne">Predicted from one rank that trains alone.</param>
/// <param name="FromApart">Predicted from ranks that train side by side without communication.</param>
internal sealed record ScalingPoint(WeakScalingResult Result, int Hosts, StepTime FromOne, StepTime FromApart)
{
    /// <summary>Seconds of a step.</summary>
    public double Step => RoundRobin.Median(Result.Together);

    /// <summary>Seconds of it that a rank waits for others: the one that waits longest.</summary>
    public double Communication => RoundRobin.Median(Result.Communication.Zip(Result.Together, (share, seconds) => share * seconds));
}
