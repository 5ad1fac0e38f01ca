using System.Text;

namespace SparkTrain.Trainer;

/// <summary>The curves of a run as one SVG: small charts over the steps, and the sparsity of every layer as a map. Its colours follow the reader's light or dark setting.</summary>
internal static class CurvesPicture
{
    private const int Columns = 3;

    // Of more steps, a point is a mean of neighbours.
    private const int MostPoints = 300, MostColumns = 120;

    /// <summary>Returns the picture.</summary>
    public static string Of(RunReport report)
    {
        var steps = report.Curves;
        var layers = report.Layers;
        SvgPanel[] panels =
        [
            new("loss, and validation loss (dots)", Line(m => m.Loss), Dots: Points(m => m.ValLoss)),
            new("gradient norm", Line(m => m.GradNorm)),
            new("learning rate", Line(m => m.Lr)),
            new("tokens a second", Line(m => m.TokensPerSecond)),
            new("active FFN units, % (dashed: target)", Line(m => m.FfnActiveFraction * 100), Target: layers.Count > 0 && layers.All(layer => layer.FfnTarget is not null) ? layers.Average(layer => layer.FfnTarget) * 100 : null),
            new("keys kept a query", Line(m => m.AttentionKept)),
        ];
        panels = [.. panels.Where(panel => panel.Line.Count > 0)];
        var measured = steps.Where(m => m.FfnActiveFractionByLayer is not null).ToArray();
        double rows = Math.Ceiling(panels.Length / (double)Columns), mapTop = rows * SvgPanel.Height;
        double mapHeight = measured.Length > 0 ? 56 + Math.Max(60, 8 * layers.Count) : 0;
        var svg = new StringBuilder(SvgPanel.Head(Columns * SvgPanel.Width, mapTop + mapHeight, $"Curves of the run {report.Run}"));
        foreach (var (i, panel) in panels.Index()) panel.Draw(svg, i % Columns * SvgPanel.Width, i / Columns * SvgPanel.Height);
        if (measured.Length > 0) Map(svg, measured, mapTop, mapHeight);
        return svg.Append("</svg>\n").ToString();

        List<(double X, double Y)> Points(Func<StepMetrics, double?> of) => [.. steps.Select(m => (X: (double)m.Step, Y: of(m))).Where(p => p.Y is { } y && double.IsFinite(y)).Select(p => (p.X, p.Y!.Value))];

        List<(double X, double Y)> Line(Func<StepMetrics, double?> of)
        {
            var points = Points(of);
            return points.Count <= MostPoints ? points : [.. Buckets(points.Count, MostPoints).Select(b => (points[b.Start..b.End].Average(p => p.X), points[b.Start..b.End].Average(p => p.Y)))];
        }
    }

    // Rows are layers, the first at the bottom; columns are steps.
    private static void Map(StringBuilder svg, StepMetrics[] measured, double top, double height)
    {
        double[][] columns = [.. Buckets(measured.Length, Math.Min(MostColumns, measured.Length)).Select(b => Mean([.. measured[b.Start..b.End].Select(m => m.FfnActiveFractionByLayer!)]))];
        int layers = columns[0].Length;
        double[] finite = [.. columns.SelectMany(c => c).Where(double.IsFinite).DefaultIfEmpty()];
        double least = finite.Min(), most = finite.Max(), left = SvgPanel.Left, width = Columns * SvgPanel.Width - left - SvgPanel.Right;
        double cellWidth = width / columns.Length, cellHeight = (height - 56) / layers;
        SvgPanel.Text(svg, left, top + 18, "start", FormattableString.Invariant($"active FFN units by layer: layer 0 at the bottom, steps {measured[0].Step} to {measured[^1].Step}; from {least * 100:0.#} % (palest) to {most * 100:0.#} %"), "title");
        foreach (var (x, column) in columns.Index())
            foreach (var (layer, value) in column.Index().Where(cell => double.IsFinite(cell.Item)))
                svg.Append(FormattableString.Invariant($"<rect class=\"cell\" x=\"{left + x * cellWidth:0.##}\" y=\"{top + 28 + (layers - 1 - layer) * cellHeight:0.##}\" width=\"{cellWidth:0.##}\" height=\"{cellHeight:0.##}\" fill-opacity=\"{(most > least ? 0.1 + 0.9 * (value - least) / (most - least) : 1):0.###}\"/>\n"));
    }

    private static double[] Mean(IReadOnlyList<double>[] rows) => [.. Enumerable.Range(0, rows[0].Count).Select(i => rows.Average(row => i < row.Count ? row[i] : double.NaN))];

    private static IEnumerable<(int Start, int End)> Buckets(int count, int buckets) => Enumerable.Range(0, buckets).Select(i => ((int)((long)i * count / buckets), (int)((long)(i + 1) * count / buckets)));
}
