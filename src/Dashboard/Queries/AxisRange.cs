using Microsoft.Data.Sqlite;

namespace SparkTrain.Dashboard;

/// <summary>A stretch of what curves are drawn over: steps, seconds since a run's first event, or tokens. Of each run it holds other steps.</summary>
internal readonly record struct AxisRange(SeriesAxis Axis, double Low, double High)
{
    /// <summary>All of it.</summary>
    public static AxisRange Whole(SeriesAxis axis) => new(axis, double.NegativeInfinity, double.PositiveInfinity);

    /// <summary>Returns the first and the last step of a run within both this stretch and the given steps; the last is before the first where there is none.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="uid">The run.</param>
    /// <param name="key">The metric whose points' times count, where the axis is time.</param>
    /// <param name="from">First step that counts.</param>
    /// <param name="to">Last step that counts.</param>
    public (long From, long To) Steps(SqliteConnection connection, string uid, long key, long from, long to)
    {
        if (Axis == SeriesAxis.Step) return (Math.Max(from, Whole(Math.Ceiling(Low))), Math.Min(to, Whole(Math.Floor(High))));
        if (double.IsNegativeInfinity(Low) && double.IsPositiveInfinity(High)) return (from, to);
        double start = 0, unit = 1;
        if (Axis == SeriesAxis.Time) (start, unit) = (connection.Scalar<long>("SELECT first_time FROM runs WHERE uid = $1", uid), 1000);
        else key = connection.Scalar<long>("SELECT k.id FROM keys k JOIN runs r ON r.id = k.run WHERE r.uid = $1 AND k.name = $2", uid, SeriesQuery.TokensKey);
        // The points of a run grow in time and in tokens as they do in steps.
        using var next = connection.Command($"SELECT step, {(Axis == SeriesAxis.Time ? "time" : "value")} FROM points WHERE key = $1 AND step >= $2 ORDER BY step LIMIT 1", key, 0L);
        long last = connection.Scalar<long>("SELECT coalesce(max(step), -1) FROM points WHERE key = $1", key);
        return (Math.Max(from, First(next, last, start + Low * unit, isBeyond: false)), Math.Min(to, First(next, last, start + High * unit, isBeyond: true) - 1));
    }

    // Finds the first step whose point reaches a value, or goes beyond it; one more than the last where none does.
    private static long First(SqliteCommand next, long last, double value, bool isBeyond)
    {
        long low = 0, high = last + 1;
        while (low < high)
        {
            long middle = low + (high - low) / 2;
            next.Parameters[1].Value = middle;
            using var row = next.ExecuteReader();
            row.Read();
            double found = row.Number(1);
            if (isBeyond ? found > value : found >= value) high = middle;
            else low = row.GetInt64(0) + 1;
        }
        return low;
    }

    private static long Whole(double step) => step <= 0 ? 0 : step >= long.MaxValue ? long.MaxValue : (long)step;
}
