using System.Globalization;

namespace SparkTrain.Trainer;

/// <summary>Tells how long the rest of a run will take, from the median of its last steps.</summary>
public sealed class Pace(long steps)
{
    private const int Window = 21;

    private readonly Queue<double> seconds = new();
    private long step;

    /// <summary>Takes in a step.</summary>
    public void Add(StepMetrics metrics)
    {
        step = metrics.Step;
        seconds.Enqueue(metrics.StepSeconds ?? 0);
        if (seconds.Count > Window) seconds.Dequeue();
    }

    /// <summary>The time left, for example 3m12s.</summary>
    public string Remaining() => Text(seconds.Order().ElementAt(seconds.Count / 2) * (steps - step));

    /// <summary>Renders a duration: 42s, 3m12s, 5h03m or 2d04h.</summary>
    public static string Text(double duration)
    {
        var t = TimeSpan.FromSeconds(duration);
        return t switch
        {
            { TotalMinutes: < 1 } => t.ToString("%s's'", CultureInfo.InvariantCulture),
            { TotalHours: < 1 } => t.ToString("%m'm'ss's'", CultureInfo.InvariantCulture),
            { TotalDays: < 1 } => t.ToString("%h'h'mm'm'", CultureInfo.InvariantCulture),
            _ => t.ToString("%d'd'hh'h'", CultureInfo.InvariantCulture),
        };
    }
}
