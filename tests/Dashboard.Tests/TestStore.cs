using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SparkTrain.Support;

namespace SparkTrain.Dashboard.Tests;

/// <summary>A store in a folder of its own.</summary>
internal sealed class TestStore : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public TestStore(DashboardLimits? limits = null) =>
        Store = new(Options = new() { Database = folder["d.db"], Limits = limits ?? new(), Time = Clock });

    public ManualTime Clock { get; } = new();

    public DashboardOptions Options { get; }

    public EventStore Store { get; }

    /// <summary>Adds events as one batch.</summary>
    public IngestResult Add(params IEnumerable<JsonObject> events) => Store.AddBatch(Batch(events));

    /// <summary>Returns a batch as it is sent.</summary>
    public static byte[] Batch(params IEnumerable<JsonObject> events) => Encoding.UTF8.GetBytes("[" + string.Join(',', events.Select(e => e.ToJsonString())) + "]");

    /// <summary>Returns an event; its time is some seconds after noon.</summary>
    public static JsonObject Event(string properties, double seconds = 0, string text = "text", string level = "Information") => new()
    {
        ["Timestamp"] = new DateTime(2026, 1, 2, 12, 0, 0, DateTimeKind.Utc).AddSeconds(seconds).ToString("O"),
        ["Level"] = level,
        ["MessageTemplate"] = text,
        ["RenderedMessage"] = text,
        ["Properties"] = JsonNode.Parse(properties),
    };

    /// <summary>Returns an event with metrics.</summary>
    public static JsonObject Metrics(string run, long step, string metrics, long? sequence = null) =>
        Event($$"""{"Run":{{JsonSerializer.Serialize(run)}},"Kind":"Metrics","Step":{{step}},"Sequence":{{(sequence is { } number ? number.ToString() : "null")}},"Metrics":{{metrics}}}""", step);

    /// <summary>Answers a question straight from the file.</summary>
    public List<object?[]> Sql(string sql)
    {
        using var connection = Store.OpenReader();
        return connection.Rows(row => Enumerable.Range(0, row.FieldCount).Select(i => row.IsDBNull(i) ? null : row.GetValue(i)).ToArray(), sql);
    }

    /// <summary>All points as text, in order.</summary>
    public string Points() => string.Join(' ', Sql("SELECT r.name, k.name, step, value FROM points JOIN keys k ON k.id = key JOIN runs r ON r.id = run ORDER BY r.name, k.name, step")
        .Select(row => FormattableString.Invariant($"{row[0]}:{row[1]}@{row[2]}={row[3] ?? "NaN"}")));

    public void Dispose()
    {
        Store.Dispose();
        folder.Dispose();
    }
}
