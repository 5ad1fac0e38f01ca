using Microsoft.Data.Sqlite;

namespace SparkTrain.Bench;

/// <summary>The page's questions as one would write them in SQL over runs, keys and points, without roll-ups and kept totals.</summary>
internal sealed class PlainQueries : IDisposable
{
    private readonly SqliteConnection connection;

    public PlainQueries(string file)
    {
        connection = new($"Data Source={file};Mode=ReadOnly");
        connection.Open();
        using var settings = new SqliteCommand("PRAGMA mmap_size = 1073741824", connection);
        settings.ExecuteNonQuery();
    }

    /// <summary>Each run with its last step and last loss.</summary>
    public void Runs() => Read("""
        SELECT r.uid, r.name, r.status, (SELECT max(p.step) FROM keys k JOIN points p ON p.key = k.id WHERE k.run = r.id),
            (SELECT p.value FROM keys k JOIN points p ON p.key = k.id WHERE k.run = r.id AND k.name = 'loss' ORDER BY p.step DESC LIMIT 1) FROM runs r
        """);

    /// <summary>A metric in buckets.</summary>
    public void Series(string run, string key, long from, long to, int max) => Read("""
        SELECT step / $w, avg(value), min(value), max(value), min(step), max(step) FROM points
        WHERE key = (SELECT k.id FROM keys k JOIN runs r ON r.id = k.run WHERE r.uid = $r AND k.name = $k) AND step BETWEEN $f AND $t GROUP BY step / $w
        """, ("$w", (to - from) / max + 1), ("$r", run), ("$k", key), ("$f", from), ("$t", to));

    public void Dispose() => connection.Dispose();

    private void Read(string sql, params (string Name, object Value)[] parameters)
    {
        using var command = new SqliteCommand(sql, connection);
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value);
        using var row = command.ExecuteReader();
        object[] values = new object[row.FieldCount];
        while (row.Read()) row.GetValues(values);
    }
}
