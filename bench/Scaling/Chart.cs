using System.Globalization;
using System.Security;
using System.Text;

namespace SparkTrain.Bench;

/// <summary>A line of a chart.</summary>
/// <param name="Name">Its words in the legend; lines of one name share them.</param>
/// <param name="Colour">Which of the chart's colours.</param>
/// <param name="Style">How it is drawn.</param>
/// <param name="Points">Its points.</param>
internal sealed record ChartLine(string Name, int Colour, ChartStyle Style, IReadOnlyList<(double X, double Y)> Points);

/// <summary>How a line of a chart is drawn.</summary>
internal enum ChartStyle
{
    Solid,
    Dashed,
    Dots,
}

/// <summary>A chart with a logarithmic axis of ranks, written as SVG with colours for light and dark pages.</summary>
internal sealed record Chart(string Title, string XTitle, string YTitle, IReadOnlyList<double> XTicks, IReadOnlyList<double> YTicks, string YFormat, IReadOnlyList<ChartLine> Lines)
{
    private const double Width = 520, Height = 400, Left = 62, Right = 16, Top = 40, Bottom = 52, LegendRow = 18;

    /// <summary>Draws charts beside each other.</summary>
    public static string Svg(string description, params Chart[] charts)
    {
        double height = charts.Max(chart => chart.FullHeight);
        var svg = new StringBuilder();
        svg.Append(Inv($"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width * charts.Length} {height}" width="{Width * charts.Length}" height="{height}" role="img" font-family="system-ui, sans-serif" font-size="12">
            <desc>{Escaped(description)}</desc>
            <style>

            """)).Append("""
            svg { --page: #ffffff; --ink: #1f2328; --faint: #d7dbe0; --c0: #0b62c4; --c1: #c2410c; --c2: #0f7a4d; --c3: #8a3ab9; --c4: #6b7280; }
            @media (prefers-color-scheme: dark) { svg { --page: #14171c; --ink: #e6e8eb; --faint: #3a3f47; --c0: #6db0ff; --c1: #ff9f66; --c2: #5fd39a; --c3: #d49bff; --c4: #9aa1ab; } }
            text { fill: var(--ink); } .title { font-size: 14px; font-weight: 600; } .grid { stroke: var(--faint); stroke-width: 1; } .line { fill: none; stroke-width: 2; }

            """);
        for (int i = 0; i < 5; i++) svg.Append(Inv($".s{i} {{ stroke: var(--c{i}); }} .f{i} {{ fill: var(--c{i}); stroke: var(--page); stroke-width: 1.5; }}\n"));
        svg.Append(Inv($"</style>\n<rect width=\"{Width * charts.Length}\" height=\"{height}\" style=\"fill: var(--page)\"/>\n"));
        for (int i = 0; i < charts.Length; i++)
        {
            svg.Append(Inv($"<g transform=\"translate({Width * i} 0)\">\n"));
            charts[i].Draw(svg);
            svg.Append("</g>\n");
        }
        return svg.Append("</svg>\n").ToString();
    }

    private ChartLine[] Legend => [.. Lines.DistinctBy(line => line.Name)];

    private double FullHeight => Height + LegendRow * Legend.Length + 8;

    private void Draw(StringBuilder svg)
    {
        Text(svg, Left, 24, "start", Title, "title");
        foreach (double y in YTicks)
        {
            svg.Append(Inv($"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(y):f1}\" y2=\"{Y(y):f1}\"/>\n"));
            Text(svg, Left - 8, Y(y) + 4, "end", y.ToString(YFormat, CultureInfo.InvariantCulture));
        }
        foreach (double x in XTicks) Text(svg, X(x), Height - Bottom + 18, "middle", x.ToString("f0", CultureInfo.InvariantCulture));
        Text(svg, (Left + Width - Right) / 2, Height - Bottom + 38, "middle", XTitle);
        svg.Append(Inv($"<text transform=\"translate(16 {(Top + Height - Bottom) / 2}) rotate(-90)\" text-anchor=\"middle\">{Escaped(YTitle)}</text>\n"));
        foreach (var line in Lines) Draw(svg, line, line.Points.Select(p => (X(p.X), Y(p.Y))));
        for (int i = 0; i < Legend.Length; i++)
        {
            double y = Height + LegendRow * i;
            Draw(svg, Legend[i], Legend[i].Style == ChartStyle.Dots ? [(Left + 14, y)] : [(Left, y), (Left + 28, y)]);
            Text(svg, Left + 38, y + 4, "start", Legend[i].Name);
        }
    }

    private static void Draw(StringBuilder svg, ChartLine line, IEnumerable<(double X, double Y)> points)
    {
        if (line.Style == ChartStyle.Dots)
            foreach (var (x, y) in points) svg.Append(Inv($"<circle class=\"f{line.Colour}\" cx=\"{x:f1}\" cy=\"{y:f1}\" r=\"5\"/>\n"));
        else
            svg.Append(Inv($"<polyline class=\"line s{line.Colour}\"{(line.Style == ChartStyle.Dashed ? " stroke-dasharray=\"6 4\"" : "")} points=\"{string.Join(' ', points.Select(p => Inv($"{p.X:f1},{p.Y:f1}")))}\"/>\n"));
    }

    private static void Text(StringBuilder svg, double x, double y, string anchor, string text, string? style = null) =>
        svg.Append(Inv($"<text x=\"{x:f1}\" y=\"{y:f1}\" text-anchor=\"{anchor}\"{(style is null ? "" : $" class=\"{style}\"")}>{Escaped(text)}</text>\n"));

    private double X(double ranks) => Left + 12 + (Width - Left - Right - 24) * Math.Log2(ranks / XTicks[0]) / Math.Log2(XTicks[^1] / XTicks[0]);

    private double Y(double value) => Height - Bottom - (Height - Bottom - Top) * (value - YTicks[0]) / (YTicks[^1] - YTicks[0]);

    private static string Escaped(string text) => SecurityElement.Escape(text);

    private static string Inv(FormattableString text) => FormattableString.Invariant(text);
}
