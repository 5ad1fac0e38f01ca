using System.Globalization;
using System.Security;
using System.Text;

namespace SparkTrain.Trainer;

/// <summary>A small chart over steps, as SVG.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="Line">Points that a line joins.</param>
/// <param name="Dots">Points of their own.</param>
/// <param name="Target">A level to reach.</param>
internal sealed record SvgPanel(string Title, IReadOnlyList<(double X, double Y)> Line, IReadOnlyList<(double X, double Y)>? Dots = null, double? Target = null)
{
    /// <summary>Size of a chart and its margins, in pixels.</summary>
    public const double Width = 320, Height = 190, Left = 56, Right = 14;

    private const double Top = 30, Bottom = 26;

    /// <summary>Opens a picture.</summary>
    public static string Head(double width, double height, string description) => FormattableString.Invariant($$"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{width}} {{height}}" width="{{width}}" height="{{height}}" role="img" font-family="system-ui, sans-serif" font-size="11">
        <desc>{{SecurityElement.Escape(description)}}</desc>
        <style>
        svg { --page: #ffffff; --ink: #1f2328; --faint: #d7dbe0; --line: #0b62c4; --dots: #c2410c; }
        @media (prefers-color-scheme: dark) { svg { --page: #14171c; --ink: #e6e8eb; --faint: #3a3f47; --line: #6db0ff; --dots: #ff9f66; } }
        .page { fill: var(--page); } text { fill: var(--ink); } .title { font-weight: 600; font-size: 12px; } .grid { stroke: var(--faint); } .line { fill: none; stroke: var(--line); stroke-width: 1.6; }
        .dot { fill: var(--dots); } .target { stroke: var(--dots); stroke-dasharray: 5 4; } .cell { fill: var(--line); shape-rendering: crispEdges; }
        </style>
        <rect class="page" width="{{width}}" height="{{height}}"/>

        """);

    /// <summary>Draws the chart.</summary>
    /// <param name="svg">The picture.</param>
    /// <param name="left">Where the chart begins.</param>
    /// <param name="top">Where it begins, from above.</param>
    public void Draw(StringBuilder svg, double left, double top)
    {
        var all = Line.Concat(Dots ?? []).ToArray();
        var (x, y) = (Axis.Of(all.Select(p => p.X)), Axis.Of(all.Select(p => p.Y).Concat(Target is { } level ? [level] : [])));
        double X(double value) => left + Left + (Width - Left - Right) * x.Place(value);
        double Y(double value) => top + Height - Bottom - (Height - Top - Bottom) * y.Place(value);
        Text(svg, left + Left, top + 18, "start", Title, "title");
        foreach (double tick in y.Ticks)
        {
            svg.Append(Inv($"<line class=\"grid\" x1=\"{X(x.From):f1}\" x2=\"{X(x.To):f1}\" y1=\"{Y(tick):f1}\" y2=\"{Y(tick):f1}\"/>\n"));
            Text(svg, X(x.From) - 6, Y(tick) + 4, "end", Number(tick));
        }
        foreach (double tick in x.Ticks) Text(svg, X(tick), top + Height - Bottom + 16, "middle", Number(tick));
        if (Target is { } target) svg.Append(Inv($"<line class=\"target\" x1=\"{X(x.From):f1}\" x2=\"{X(x.To):f1}\" y1=\"{Y(target):f1}\" y2=\"{Y(target):f1}\"/>\n"));
        svg.Append(Inv($"<polyline class=\"line\" points=\"{string.Join(' ', Line.Select(p => Inv($"{X(p.X):f1},{Y(p.Y):f1}")))}\"/>\n"));
        foreach (var dot in Dots ?? []) svg.Append(Inv($"<circle class=\"dot\" cx=\"{X(dot.X):f1}\" cy=\"{Y(dot.Y):f1}\" r=\"2.5\"/>\n"));
    }

    /// <summary>Writes a text.</summary>
    public static void Text(StringBuilder svg, double x, double y, string anchor, string text, string? style = null) =>
        svg.Append(Inv($"<text x=\"{x:f1}\" y=\"{y:f1}\" text-anchor=\"{anchor}\"{(style is null ? "" : $" class=\"{style}\"")}>{SecurityElement.Escape(text)}</text>\n"));

    private static string Number(double value) => Math.Abs(value) switch
    {
        0 => "0",
        >= 1e6 => Inv($"{value / 1e6:0.##}M"),
        >= 1e4 => Inv($"{value / 1e3:0.##}k"),
        < 1e-3 => value.ToString("0.##e0", CultureInfo.InvariantCulture),
        _ => Inv($"{value:0.####}"),
    };

    private static string Inv(FormattableString text) => FormattableString.Invariant(text);

    /// <summary>An axis from one value to another, with round numbers between.</summary>
    private sealed record Axis(double From, double To, IReadOnlyList<double> Ticks)
    {
        private const int MostSteps = 4;

        public static Axis Of(IEnumerable<double> values)
        {
            double[] all = [.. values];
            double from = all.Min(), to = all.Max();
            if (from == to) (from, to) = from == 0 ? (0, 1) : (from - Math.Abs(from) / 10, to + Math.Abs(to) / 10);
            double magnitude = Math.Pow(10, Math.Floor(Math.Log10((to - from) / MostSteps))), unit = ((double[])[1, 2, 5, 10]).First(u => u * magnitude * MostSteps >= (to - from) * (1 - 1e-9)) * magnitude;
            long first = (long)Math.Ceiling(from / unit - 1e-9), last = (long)Math.Floor(to / unit + 1e-9);
            return new(from, to, [.. Enumerable.Range(0, (int)(last - first + 1)).Select(i => (first + i) * unit)]);
        }

        public double Place(double value) => (value - From) / (To - From);
    }
}
