namespace SparkTrain.Trainer;

/// <summary>A curve in a line of text.</summary>
public static class Sparkline
{
    private const string Levels = "▁▂▃▄▅▆▇█";

    /// <summary>Returns a character a value, from the lowest to the highest; a blank for what is not finite.</summary>
    public static string Of(IReadOnlyList<double> values)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        if (finite.Length == 0) return "";
        double lowest = finite.Min(), range = finite.Max() - lowest;
        return string.Concat(values.Select(value => !double.IsFinite(value) ? ' ' : Levels[range == 0 ? 0 : (int)Math.Min(Levels.Length - 1, (value - lowest) / range * Levels.Length)]));
    }
}
