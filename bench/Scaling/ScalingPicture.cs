namespace SparkTrain.Bench;

/// <summary>Draws measured and predicted scaling.</summary>
internal static class ScalingPicture
{
    /// <summary>Returns an SVG: on the left this machine, on the right the prediction for clusters.</summary>
    public static string Draw(IReadOnlyList<ScalingPoint> points, IReadOnlyList<(double Gigabits, List<(double X, double Y)> Weak, List<(double X, double Y)> Strong)> curves, int ranksPerHost)
    {
        var lines = new List<ChartLine>
        {
            new("ranks × speed of one, as far as there are cores", 4, ChartStyle.Dashed, [.. points.Where(p => p.Hosts == 1).Select(p => ((double)p.Result.Ranks, (double)Math.Min(p.Result.Ranks, Environment.ProcessorCount)))]),
        };
        foreach (var hosts in points.GroupBy(p => p.Hosts))
        {
            string place = hosts.Key == 1 ? "one host" : $"{hosts.Key} hosts, 1 Gbit/s";
            int colour = hosts.Key - 1;
            lines.Add(new($"{place}: predicted", colour, ChartStyle.Solid, [.. hosts.Select(p => ((double)p.Result.Ranks, Speed(p, p.FromOne.Total)))]));
            lines.Add(new($"{place}: measured", colour, ChartStyle.Dots, [.. hosts.Select(p => ((double)p.Result.Ranks, Speed(p, p.Step)))]));
        }
        double top = Math.Ceiling(2 * lines.SelectMany(line => line.Points).Max(p => p.Y)) / 2;
        var here = new Chart($"spark-30m on this machine, {Environment.ProcessorCount} cores, 1 thread a rank", "ranks", "tokens/s, in units of one rank alone", [1, 2, 4], [.. Steps(0, top, 0.5)], "f1", lines);

        var predictions = curves.SelectMany((curve, i) => (ChartLine[])
        [
            new(FormattableString.Invariant($"{curve.Gigabits} Gbit/s a host"), i, ChartStyle.Solid, curve.Weak),
            new("the same, global batch of 512 micro-batches", i, ChartStyle.Dashed, curve.Strong),
        ]).OrderBy(line => line.Style).ToArray();
        double lowest = Math.Floor(10 * predictions.SelectMany(line => line.Points).Min(p => p.Y)) / 10;
        var cluster = new Chart("spark-2b, predicted: one micro-batch of 8192 tokens a rank", $"ranks, {ranksPerHost} a host", "efficiency", [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096], [.. Steps(lowest, 1, lowest < 0.6 ? 0.1 : 0.05)], "f2", predictions);
        return Chart.Svg("Speed of training against the number of ranks: measured on one machine, and predicted by the model of step time for clusters with links of several speeds.", here, cluster);
    }

    private static double Speed(ScalingPoint p, double seconds) => p.Result.Ranks * RoundRobin.Median(p.Result.Alone) / seconds;

    private static IEnumerable<double> Steps(double from, double to, double step)
    {
        for (double at = from; at < to + step / 2; at += step) yield return at;
    }
}
