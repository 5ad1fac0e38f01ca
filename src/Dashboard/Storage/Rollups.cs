using Microsoft.Data.Sqlite;

namespace SparkTrain.Dashboard;

/// <summary>
/// Summaries of blocks of 8, 64, 512, 4096 and 32768 steps of each metric, so that a curve of a million points is drawn from some thousand rows. A block that a batch touched is
/// computed anew from what lies below it: that is right in any order of events, and for events that come twice.
/// </summary>
internal sealed class Rollups(SqliteConnection connection) : IDisposable
{
    /// <summary>Steps of a block by level.</summary>
    public static readonly long[] BlockSteps = [8, 64, 512, 4096, 32768];

    // Only finite values enter means and bounds; the others are counted.
    private const string Finite = "FILTER (WHERE value BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308)";

    private readonly SqliteCommand fromPoints = connection.Command($"""
        INSERT OR REPLACE INTO rollups(key, level, block, n, bad, sum, min, max, first, last, first_time, last_time)
        SELECT $1, 0, $2, count(*) {Finite}, count(*) - count(*) {Finite}, sum(value) {Finite}, min(value) {Finite}, max(value) {Finite}, min(step), max(step), min(time), max(time)
        FROM points WHERE key = $1 AND step BETWEEN $3 AND $4 HAVING count(*) > 0
        """);

    private readonly SqliteCommand fromBelow = connection.Command("""
        INSERT OR REPLACE INTO rollups(key, level, block, n, bad, sum, min, max, first, last, first_time, last_time)
        SELECT $1, $2, $3, sum(n), sum(bad), sum(sum), min(min), max(max), min(first), max(last), min(first_time), max(last_time)
        FROM rollups WHERE key = $1 AND level = $2 - 1 AND block BETWEEN $4 AND $5 HAVING count(*) > 0
        """);

    private readonly SqliteCommand remove = connection.Command("DELETE FROM rollups WHERE key = $1 AND level = $2 AND block = $3");

    private readonly HashSet<(long Key, long Block)> touched = [];

    /// <summary>Remembers that a point has come, changed or gone.</summary>
    public void Touch(long key, long step) => touched.Add((key, step / BlockSteps[0]));

    /// <summary>Brings all touched blocks up to date.</summary>
    public void Refresh()
    {
        foreach (var (key, block) in touched)
            if (fromPoints.Run(key, block, block * BlockSteps[0], (block + 1) * BlockSteps[0] - 1) == 0) remove.Run(key, 0, block);
        HashSet<(long Key, long Block)> below = [.. touched];
        for (int level = 1; level < BlockSteps.Length; level++)
        {
            long ratio = BlockSteps[level] / BlockSteps[level - 1];
            below = [.. below.Select(place => (place.Key, place.Block / ratio))];
            foreach (var (key, block) in below)
                if (fromBelow.Run(key, level, block, block * ratio, (block + 1) * ratio - 1) == 0) remove.Run(key, level, block);
        }
        touched.Clear();
    }

    /// <summary>Forgets what a batch touched that was not stored.</summary>
    public void Forget() => touched.Clear();

    public void Dispose()
    {
        fromPoints.Dispose();
        fromBelow.Dispose();
        remove.Dispose();
    }
}
