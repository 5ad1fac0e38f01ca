using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace SparkTrain.Dashboard;

/// <summary>A curve: for each bucket of steps the mean and the bounds. Where <c>Width</c> is 1 these are the points themselves, and Min and Max are null.</summary>
internal sealed record Series(string Run, string Key, long Width, IReadOnlyList<long> Steps, IReadOnlyList<double?> X, IReadOnlyList<double> Mean, IReadOnlyList<double>? Min, IReadOnlyList<double>? Max);

/// <summary>Reads curves.</summary>
internal sealed class SeriesQuery(SqliteConnection connection)
{
    /// <summary>The metric that counts tokens.</summary>
    public const string TokensKey = "tokens";

    /// <summary>Returns a metric of a run; null where it has none of that name.</summary>
    public Series? Read(string uid, string key, long from, long to, int max, AxisRange stretch)
    {
        if (Id(uid, key) is not { } id) return null;
        (from, to) = stretch.Steps(connection, uid, id, from, to);
        if (StepRange.For(connection, [id], from, to, max) is not { } range) return new(uid, key, 1, [], [], [], null, null);
        var buckets = Buckets(id, range);
        bool isExact = range.Width == 1;
        return new(uid, key, range.Width, [.. buckets.Select(bucket => bucket.Middle)], X(uid, buckets, range, stretch.Axis), [.. buckets.Select(bucket => bucket.Bad > 0 && isExact ? bucket.Sum : bucket.Mean)],
            isExact ? null : [.. buckets.Select(bucket => bucket.Count == 0 ? double.NaN : bucket.Min)], isExact ? null : [.. buckets.Select(bucket => bucket.Count == 0 ? double.NaN : bucket.Max)]);
    }

    /// <summary>Returns the number of a metric of a run.</summary>
    public long? Id(string uid, string key) => connection.Scalar<long>("SELECT k.id FROM keys k JOIN runs r ON r.id = k.run WHERE r.uid = $1 AND k.name = $2", uid, key) is > 0 and var id ? id : null;

    /// <summary>Returns the buckets of a range that have points, in order.</summary>
    public List<Bucket> Buckets(long key, StepRange range)
    {
        var buckets = new List<Bucket>();
        using var command = range.Level < 0
            ? connection.Command("SELECT step, time, value FROM points WHERE key = $1 AND step BETWEEN $2 AND $3 ORDER BY step", key, range.From, range.To)
            : connection.Command("SELECT n, bad, sum, min, max, first, last, first_time, last_time FROM rollups WHERE key = $1 AND level = $2 AND block BETWEEN $3 AND $4 ORDER BY block",
                key, range.Level, range.From / Rollups.BlockSteps[range.Level], range.To / Rollups.BlockSteps[range.Level]);
        using var row = command.ExecuteReader();
        while (row.Read())
        {
            var next = range.Level < 0 ? OfPoint(row) : OfBlock(row);
            next.Place = next.First / range.Width;
            if (buckets.Count > 0 && buckets[^1].Place == next.Place) CollectionsMarshal.AsSpan(buckets)[^1].Add(next);
            else buckets.Add(next);
        }
        return buckets;
    }

    /// <summary>Returns where buckets lie on an axis; null where that is not known.</summary>
    public List<double?> X(string uid, List<Bucket> buckets, StepRange range, SeriesAxis axis)
    {
        if (axis == SeriesAxis.Step) return [.. buckets.Select(bucket => (double?)bucket.Middle)];
        if (axis == SeriesAxis.Time)
        {
            long start = connection.Scalar<long>("SELECT first_time FROM runs WHERE uid = $1", uid);
            return [.. buckets.Select(bucket => (double?)((bucket.FirstTime + bucket.LastTime) / 2.0 - start) / 1000)];
        }
        var tokens = Id(uid, TokensKey) is { } id ? Buckets(id, range).ToDictionary(bucket => bucket.Place, bucket => bucket.Mean) : [];
        return [.. buckets.Select(bucket => tokens.TryGetValue(bucket.Place, out double mean) && double.IsFinite(mean) ? (double?)mean : null)];
    }

    // Of a value that is not finite the sum keeps which one it is; means and bounds leave it out, since Count is 0.
    private static Bucket OfPoint(SqliteDataReader row)
    {
        double value = row.Number(2);
        var (step, time, isFinite) = (row.GetInt64(0), row.GetInt64(1), double.IsFinite(value));
        return new() { Count = isFinite ? 1 : 0, Bad = isFinite ? 0 : 1, Sum = value, Min = value, Max = value, First = step, Last = step, FirstTime = time, LastTime = time };
    }

    private static Bucket OfBlock(SqliteDataReader row) => new()
    {
        Count = row.GetInt64(0), Bad = row.GetInt64(1), Sum = row.Number(2), Min = row.Number(3), Max = row.Number(4),
        First = row.GetInt64(5), Last = row.GetInt64(6), FirstTime = row.GetInt64(7), LastTime = row.GetInt64(8),
    };
}
