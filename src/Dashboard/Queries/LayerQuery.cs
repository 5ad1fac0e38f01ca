using Microsoft.Data.Sqlite;

namespace SparkTrain.Dashboard;

/// <summary>A metric of all layers: a row for each layer, a value for each bucket of steps, null where there is none. <c>X</c> says where the buckets lie on the axis.</summary>
internal sealed record LayerMatrix(string Run, string Key, long Width, IReadOnlyList<int> Layers, IReadOnlyList<long> Steps, IReadOnlyList<double?> X, IReadOnlyList<IReadOnlyList<double?>> Values);

/// <summary>Reads what heat maps show.</summary>
internal static class LayerQuery
{
    public static LayerMatrix Read(SqliteConnection connection, string uid, string key, long from, long to, int max, AxisRange stretch)
    {
        var layers = connection.Rows(row => (Layer: NaturalOrder.Split(row.GetString(0)), Id: row.GetInt64(1)),
                "SELECT k.name, k.id FROM keys k JOIN runs r ON r.id = k.run WHERE r.uid = $1 AND k.name >= $2 || '[' AND k.name < $2 || '\\'", uid, key)
            .Where(layer => layer.Layer.Index >= 0 && layer.Layer.Name == key).OrderBy(layer => layer.Layer.Index).ToList();
        List<int> indices = [.. layers.Select(layer => layer.Layer.Index)];
        if (layers.Count > 0) (from, to) = stretch.Steps(connection, uid, layers[0].Id, from, to);
        if (StepRange.For(connection, [.. layers.Select(layer => layer.Id)], from, to, max) is not { } range) return new(uid, key, 1, indices, [], [], []);
        var query = new SeriesQuery(connection);
        var rows = layers.Select(layer => query.Buckets(layer.Id, range)).ToList();
        var places = new SortedDictionary<long, Bucket>();
        foreach (var bucket in rows.SelectMany(row => row)) places.TryAdd(bucket.Place, bucket);
        var columns = places.Keys.Select((place, column) => (place, column)).ToDictionary();
        return new(uid, key, range.Width, indices, [.. places.Values.Select(bucket => bucket.Middle)], query.X(uid, [.. places.Values], range, stretch.Axis), [.. rows.Select(row =>
        {
            var values = new double?[columns.Count];
            foreach (var bucket in row) values[columns[bucket.Place]] = bucket.Count == 0 ? null : bucket.Mean;
            return values;
        })]);
    }
}
