using System.Globalization;
using System.IO.Compression;
using System.Text;
using Microsoft.Data.Sqlite;
using Parquet;
using Parquet.Schema;

namespace SparkTrain.Dashboard;

/// <summary>Writes all points of a run, one a row: key, step, time, value.</summary>
internal static class PointExport
{
    private const int RowsOfGroup = 100_000;
    private const string Points = "SELECT k.name, p.step, p.time, p.value FROM keys k JOIN points p ON p.key = k.id WHERE k.run = (SELECT id FROM runs WHERE uid = $1) ORDER BY k.name, p.step";

    public static async Task WriteCsvAsync(SqliteConnection connection, string uid, Stream stream, CancellationToken cancellation)
    {
        await using var writer = new StreamWriter(stream, new UTF8Encoding(false), 1 << 16, leaveOpen: true) { NewLine = "\n" };
        await writer.WriteLineAsync("key,step,time,value");
        using var command = connection.Command(Points, uid);
        using var row = command.ExecuteReader();
        while (row.Read())
        {
            cancellation.ThrowIfCancellationRequested();
            await writer.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{Field(row.GetString(0))},{row.GetInt64(1)},{Time(row.GetInt64(2)):yyyy-MM-ddTHH:mm:ss.fffZ},{row.Number(3):R}"));
        }
    }

    public static async Task WriteParquetAsync(SqliteConnection connection, string uid, Stream stream, CancellationToken cancellation)
    {
        var (key, step, time, value) = (new DataField<string>("key"), new DataField<long>("step"), new DateTimeDataField("time", DateTimeFormat.Timestamp, isAdjustedToUTC: true), new DataField<double>("value"));
        var schema = new ParquetSchema(key, step, time, value);
        await using var writer = await ParquetWriter.CreateAsync(schema, stream, new ParquetOptions { CompressionMethod = CompressionMethod.Zstd, CompressionLevel = CompressionLevel.Fastest }, cancellationToken: cancellation);
        using var command = connection.Command(Points, uid);
        using var row = command.ExecuteReader();
        var (keys, steps, times, values) = (new List<string>(), new List<long>(), new List<DateTime>(), new List<double>());
        bool isMore = row.Read();
        do
        {
            while (isMore && keys.Count < RowsOfGroup)
            {
                keys.Add(row.GetString(0));
                steps.Add(row.GetInt64(1));
                times.Add(Time(row.GetInt64(2)).UtcDateTime);
                values.Add(row.Number(3));
                isMore = row.Read();
            }
            using var group = writer.CreateRowGroup();
            await group.WriteAsync(key, keys);
            await group.WriteAsync<long>(step, steps.ToArray(), cancellationToken: cancellation);
            await group.WriteAsync<DateTime>(time, times.ToArray(), cancellationToken: cancellation);
            await group.WriteAsync<double>(value, values.ToArray(), cancellationToken: cancellation);
            keys.Clear();
            steps.Clear();
            times.Clear();
            values.Clear();
        }
        while (isMore);
    }

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    // A spreadsheet runs what begins with one of these as a formula: the quote before it makes it a text.
    private static string Field(string text)
    {
        if (text[0] is '=' or '+' or '-' or '@') text = "'" + text;
        return text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }
}
