using Microsoft.Data.Sqlite;

namespace SparkTrain.Dashboard;

/// <summary>The steps of a question and how many of them make a bucket: 1 gives the points themselves.</summary>
internal readonly record struct StepRange(long From, long To, long Width)
{
    /// <summary>The level of roll-ups that buckets are made from; −1 for the points.</summary>
    public int Level
    {
        get
        {
            int level = Rollups.BlockSteps.Length - 1;
            while (level >= 0 && Rollups.BlockSteps[level] > Width) level--;
            return level;
        }
    }

    /// <summary>Chooses a width so that no metric of these has more buckets than asked for. Null where they have no points there.</summary>
    public static StepRange? For(SqliteConnection connection, IReadOnlyList<long> keys, long from, long to, int max)
    {
        var (first, last, most) = (long.MaxValue, long.MinValue, 0L);
        using var bounds = connection.Command("""
            SELECT (SELECT step FROM points WHERE key = $1 AND step BETWEEN $2 AND $3 ORDER BY step LIMIT 1), (SELECT step FROM points WHERE key = $1 AND step BETWEEN $2 AND $3 ORDER BY step DESC LIMIT 1)
            """, 0L, from, to);
        using var count = connection.Command("SELECT count(*) FROM (SELECT 1 FROM points WHERE key = $1 AND step BETWEEN $2 AND $3 LIMIT $4)", 0L, from, to, max + 1L);
        foreach (long key in keys)
        {
            bounds.Parameters[0].Value = count.Parameters[0].Value = key;
            using (var row = bounds.ExecuteReader())
            {
                if (!row.Read() || row.IsDBNull(0)) continue;
                (first, last) = (Math.Min(first, row.GetInt64(0)), Math.Max(last, row.GetInt64(1)));
            }
            // Once one is too long the others' lengths do not matter.
            if (most <= max) most = Math.Max(most, (long)count.ExecuteScalar()!);
        }
        if (first > last) return null;
        long width = most <= max ? 1 : (last - first) / max + 1;
        var range = new StepRange(first, last, width);
        if (range.Level < 0) return range;
        // Whole blocks: a bucket is made of blocks, none of which is cut.
        long block = Rollups.BlockSteps[range.Level];
        return range with { Width = (width + block - 1) / block * block };
    }
}
