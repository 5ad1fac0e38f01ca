namespace SparkTrain.Bench;

/// <summary>Draws what batches do to sparse decoding.</summary>
internal static class BatchPicture
{
    /// <summary>Returns an SVG: on the left Spark's speed over the dense model's, on the right the neurons that a batch needs.</summary>
    public static string Draw(string title, IReadOnlyList<BatchPoint> points, TrainedUnions? trained)
    {
        double[] sizes = [.. points.Select(point => (double)point.Batch)];
        List<(double X, double Y)> speedups = [.. points.Where(point => point.Speedup is not null).Select(point => ((double)point.Batch, point.Speedup!.Median))];
        double top = Math.Ceiling(2 * speedups.Select(point => point.Y).Append(1).Max()) / 2;
        var speed = new Chart(title, "sequences decoded together", "Spark's tokens/s, in units of the dense model's", sizes, [.. Steps(top, 0.5)], "f1",
        [
            new("as fast as the dense model", 4, ChartStyle.Dashed, [.. sizes.Select(size => (size, 1.0))]),
            new("", 0, ChartStyle.Solid, speedups),
            new("random weights: measured", 0, ChartStyle.Dots, speedups),
        ]);
        List<ChartLine> lines =
        [
            new("1 − (1 − p)ᴮ: tokens that have nothing to do with each other", 0, ChartStyle.Dashed, Curve(points.Select(point => point.Union), point => point.Independent)),
            new("random weights and tokens: measured", 0, ChartStyle.Dots, Curve(points.Select(point => point.Union), point => point.Measured)),
        ];
        if (trained is not null)
        {
            lines.Add(new("trained model, different texts: measured", 1, ChartStyle.Dots, Curve(trained.Texts, point => point.Measured)));
            lines.Add(new("trained model, neighbouring tokens of one text: measured", 2, ChartStyle.Dots, Curve(trained.Neighbours, point => point.Measured)));
            lines.Add(new("", 1, ChartStyle.Solid, Curve(trained.Texts, point => point.Measured)));
            lines.Add(new("", 2, ChartStyle.Solid, Curve(trained.Neighbours, point => point.Measured)));
        }
        var union = new Chart("Neurons that a batch needs together, mean of the layers", "tokens of a batch", "share of all neurons", sizes, [.. Steps(1, 0.25)], "f2", lines);
        return Chart.Svg("What decoding many sequences together does to Spark: its speed over the dense model's by batch, and the share of neurons that any token of the batch is active for.", speed, union);
    }

    private static List<(double X, double Y)> Curve(IEnumerable<UnionPoint> points, Func<UnionPoint, double> value) => [.. points.Select(point => ((double)point.Batch, value(point)))];

    private static IEnumerable<double> Steps(double to, double step)
    {
        for (double at = 0; at < to + step / 2; at += step) yield return at;
    }
}
