using System.Text;
using SparkTrain.Input;
using static SparkTrain.Dashboard.Tests.TestStore;

namespace SparkTrain.Dashboard.Tests;

/// <summary>What is stored of what was sent.</summary>
public sealed class IngestTests
{
    [Fact]
    public void Metrics_become_points_and_arrays_and_objects_get_names()
    {
        using var store = new TestStore();
        var result = store.Add(Metrics("a", 3, """{"loss":2.5,"by_layer":[1,null,3],"system":{"cpu":0.5},"audit":{"ffn":{"recall":[0.25]}},"none":null}"""));
        Assert.Equal(1, result.Accepted);
        Assert.Empty(result.Refused);
        Assert.Equal("a:audit/ffn/recall[0]@3=0.25 a:by_layer[0]@3=1 a:by_layer[2]@3=3 a:loss@3=2.5 a:system/cpu@3=0.5", store.Points());
    }

    [Fact]
    public void Numbers_that_JSON_cannot_hold_come_as_texts()
    {
        using var store = new TestStore();
        store.Add(Metrics("a", 0, """{"n":"NaN","p":"Infinity","m":"-Infinity"}"""));
        Assert.Equal("a:m@0=-Infinity a:n@0=NaN a:p@0=Infinity", store.Points());
    }

    [Fact]
    public void The_same_batch_twice_changes_nothing()
    {
        using var store = new TestStore();
        var batch = Batch(Metrics("a", 0, """{"loss":3}""", 0), Event("""{"Run":"a","Sequence":1}"""), Event("""{"Run":"a","Sequence":2,"Kind":"Checkpoint","Step":0,"Path":"p","Bytes":5,"Seconds":0.5}"""));
        for (int i = 0; i < 2; i++) Assert.Equal(3, store.Store.AddBatch(batch).Accepted);
        Assert.Equal("a:loss@0=3", store.Points());
        Assert.Equal(2L, store.Sql("SELECT count(*) FROM events")[0][0]);
        Assert.Equal(1L, store.Sql("SELECT n FROM rollups WHERE level = 0")[0][0]);
    }

    [Fact]
    public void Of_two_values_of_a_step_the_later_one_in_the_run_stays_in_any_order_of_arrival()
    {
        var (early, late) = (Metrics("a", 5, """{"loss":3}""", 10), Metrics("a", 5, """{"loss":4}""", 20));
        using var forward = new TestStore();
        forward.Add(early, late);
        using var backward = new TestStore();
        backward.Add(late);
        backward.Add(early);
        Assert.Equal("a:loss@5=4", forward.Points());
        Assert.Equal("a:loss@5=4", backward.Points());
        Assert.Equal(4.0, backward.Sql("SELECT max FROM rollups WHERE level = 4")[0][0]);
    }

    [Fact]
    public void Events_in_any_order_and_any_batches_give_the_same_database()
    {
        var events = Enumerable.Range(0, 300).Select(i => (Step: i, Event: Metrics("a", i, FormattableString.Invariant($$"""{"loss":{{300 - i}},"lr":{{i}}}"""), i))).ToList();
        string[] Content(IEnumerable<(int Step, System.Text.Json.Nodes.JsonObject Event)> order, int batch)
        {
            using var store = new TestStore();
            foreach (var part in order.Chunk(batch)) store.Add(part.Select(e => e.Event));
            return [store.Points(), .. store.Sql("SELECT k.name, level, block, n, sum, min, max, first, last FROM rollups JOIN keys k ON k.id = key ORDER BY 1, 2, 3").Select(row => string.Join(' ', row)),
                .. store.Sql("SELECT last_step, loss_step, loss FROM runs").Select(row => string.Join(' ', row))];
        }
        string[] straight = Content(events, 300);
        var random = new Random(1);
        Assert.Equal(straight, Content(events.OrderBy(_ => random.Next()), 7));
        Assert.Equal(straight, Content(events.Concat(events).OrderBy(_ => random.Next()), 41));
        Assert.Equal("299 299 1", straight[^1]);
    }

    [Fact]
    public void What_a_run_computed_again_after_going_back_to_a_checkpoint_is_of_the_past()
    {
        using var store = new TestStore();
        store.Add(Start(0, 0), Metrics("a", 10, """{"loss":5,"lr":1}""", 1), At("Checkpoint", 10, 2), Metrics("a", 25, """{"loss":3,"once":7}""", 3), At("Sample", 25, 4), At("Checkpoint", 20, 5));
        store.Add(Start(10, 6));
        Assert.Equal("a:loss@10=5 a:lr@10=1", store.Points());
        Assert.Equal("10 10 5", Row("last_step, loss_step, loss"));
        Assert.Equal([[3L, 10L]], store.Sql("SELECT kind, step FROM events WHERE kind IN (3, 4)"));
        Assert.Equal([[0L, 1L, 10L]], store.Sql("SELECT level, n, last FROM rollups JOIN keys k ON k.id = key WHERE k.name = 'loss' AND level = 0"));
        Assert.Empty(store.Sql("SELECT 1 FROM rollups JOIN keys k ON k.id = key WHERE k.name = 'once'"));
        // What the first time said may come late, or again.
        store.Add(Metrics("a", 25, """{"loss":3,"once":7}""", 3), At("Sample", 25, 4), Metrics("a", 20, """{"loss":4}""", 7));
        Assert.Equal("a:loss@10=5 a:loss@20=4 a:lr@10=1", store.Points());
        Assert.Equal("20 20 4", Row("last_step, loss_step, loss"));

        string Row(string columns) => string.Join(' ', store.Sql($"SELECT {columns} FROM runs")[0]);
    }

    [Fact]
    public void A_start_that_does_not_say_from_where_takes_nothing_back()
    {
        using var store = new TestStore();
        store.Add(Metrics("a", 5, """{"loss":1}""", 0), Event("""{"Run":"a","Kind":"RunStarted","Sequence":1}"""), Event("""{"Run":"a","Kind":"RunStarted","Step":2}"""));
        Assert.Equal("a:loss@5=1", store.Points());
    }

    [Fact]
    public void Restarts_give_the_same_database_in_any_order()
    {
        // Ten steps, back to 4, ten more, back to the beginning, three.
        List<System.Text.Json.Nodes.JsonObject> events = [Start(0, 0)];
        foreach (var (from, count) in ((int, int)[])[(0, 10), (4, 10), (0, 3)])
        {
            if (events.Count > 1) events.Add(Start(from, events.Count));
            for (int step = from + 1; step <= from + count; step++) events.Add(Metrics("a", step, FormattableString.Invariant($$"""{"loss":{{events.Count}}}"""), events.Count));
        }
        var random = new Random(2);
        for (int trial = 0; trial < 20; trial++)
        {
            using var store = new TestStore();
            foreach (var part in (trial == 0 ? events : [.. events.OrderBy(_ => random.Next())]).Chunk(trial % 5 + 1)) store.Add(part.Select(e => e.DeepClone().AsObject()));
            Assert.Equal("a:loss@1=23 a:loss@2=24 a:loss@3=25", store.Points());
            Assert.Equal([3L, 3L, 25.0], store.Sql("SELECT last_step, loss_step, loss FROM runs")[0]);
            Assert.Equal([[3L, 72.0]], store.Sql("SELECT n, sum FROM rollups WHERE level = 4"));
        }
    }

    private static System.Text.Json.Nodes.JsonObject Start(long step, long sequence) => At("RunStarted", step, sequence);

    private static System.Text.Json.Nodes.JsonObject At(string kind, long step, long sequence) =>
        Event($$"""{"Run":"a","Kind":"{{kind}}","Step":{{step}},"Sequence":{{sequence}},"Path":"p","Bytes":5,"Seconds":0.5,"Prompt":"x","Text":"y","Config":{} }""", sequence);

    [Fact]
    public void Rollups_hold_what_arithmetic_gives()
    {
        using var store = new TestStore();
        store.Add(Enumerable.Range(0, 130).Select(i => Metrics("a", i, i == 70 ? """{"x":"NaN"}""" : $$"""{"x":{{i}}}""")));
        // 64 + … + 127 without 70 is 64 · 95.5 − 70 = 6042.
        Assert.Equal([63L, 1L, 6042.0, 64.0, 127.0, 64L, 127L], store.Sql("SELECT n, bad, sum, min, max, first, last FROM rollups WHERE level = 1 AND block = 1")[0]);
        // 0 + … + 129 without 70 is 129 · 130 / 2 − 70 = 8315.
        Assert.Equal([129L, 1L, 8315.0, 0.0, 129.0, 0L, 129L], store.Sql("SELECT n, bad, sum, min, max, first, last FROM rollups WHERE level = 2 AND block = 0")[0]);
    }

    [Theory]
    [InlineData("{}", "send a JSON array")]
    [InlineData("[1,", "not JSON")]
    [InlineData("\u0000\u0001", "not JSON")]
    [InlineData("", "not JSON")]
    public void A_body_that_is_no_array_is_refused_whole(string body, string message)
    {
        using var store = new TestStore();
        Assert.Contains(message, Assert.Throws<InvalidBatchException>(() => store.Store.AddBatch(Encoding.UTF8.GetBytes(body))).Message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("""1""", "must be an object")]
    [InlineData("""{"Level":"Information"}""", "Timestamp")]
    [InlineData("""{"Timestamp":"soon"}""", "Timestamp")]
    [InlineData("""{"Timestamp":"2026-01-02T03:04:05Z","Level":"Loud"}""", "Level")]
    [InlineData("""{"Timestamp":"2026-01-02T03:04:05Z","Properties":{"Kind":"Metrics","Step":1,"Metrics":{},"Run":""}}""", "empty")]
    [InlineData("""{"Timestamp":"2026-01-02T03:04:05Z","Properties":{"Kind":"Metrics","Step":1,"Metrics":{},"Run":"a\u0000b"}}""", "control character")]
    [InlineData("""{"Timestamp":"2026-01-02T03:04:05Z","Properties":{"Kind":"Metrics","Step":1,"Metrics":{},"Run":"12345678901"}}""", "11 characters")]
    [InlineData("""{"Timestamp":"2026-01-02T03:04:05Z","Properties":{"Kind":"Metrics","Step":1,"Metrics":{},"RunId":"xyz"}}""", "32 hexadecimal")]
    [InlineData("""{"Timestamp":"2026-01-02T03:04:05Z","Properties":{"Kind":"Metrics","Step":1,"Metrics":{},"Sequence":-1}}""", "Sequence")]
    [InlineData("""{"Timestamp":"2026-01-02T03:04:05Z","Properties":{"Kind":"Metrics","Metrics":{}}}""", "Step is missing")]
    [InlineData("""{"Timestamp":"2026-01-02T03:04:05Z","Properties":{"Kind":"Metrics","Step":1.5,"Metrics":{}}}""", "Step")]
    [InlineData("""{"Timestamp":"2026-01-02T03:04:05Z","Properties":{"Kind":"Metrics","Step":1}}""", "Metrics must")]
    [InlineData("""{"Timestamp":"2026-01-02T03:04:05Z","Properties":{"Kind":"Metrics","Step":1,"Metrics":{"a":true}}}""", "metric a")]
    [InlineData("""{"Timestamp":"2026-01-02T03:04:05Z","Properties":{"Kind":"Metrics","Step":1,"Metrics":{"a":[[true]]}}}""", "metric a[0][0]")]
    [InlineData("""{"Timestamp":"2026-01-02T03:04:05Z","Properties":{"Kind":"Metrics","Step":1,"Metrics":{"a":1,"b":2,"c":3,"d":4}}}""", "4 metrics")]
    [InlineData("""{"Timestamp":"2026-01-02T03:04:05Z","Properties":{"Kind":"RunEnded","Status":"asleep"}}""", "Status")]
    public void An_event_that_does_not_fit_is_refused_by_itself(string json, string reason)
    {
        using var store = new TestStore(new() { MaxNameLength = 10, MaxKeysPerRun = 3 });
        string good = Metrics("a", 1, """{"loss":1}""").ToJsonString();
        var result = store.Store.AddBatch(Encoding.UTF8.GetBytes($"[{good},{json},{good}]"));
        Assert.Equal(2, result.Accepted);
        var refusal = Assert.Single(result.Refused);
        Assert.Equal(1, refusal.Index);
        Assert.Contains(reason, refusal.Reason);
        Assert.Equal("a:loss@1=1", store.Points());
    }

    [Fact]
    public void Too_many_events_too_long_ones_and_too_many_runs_are_refused()
    {
        using var store = new TestStore(new() { MaxBatchEvents = 2, MaxEventBytes = 300, MaxRuns = 1 });
        Assert.True(Assert.Throws<InvalidBatchException>(() => store.Add(Event("{}"), Event("{}"), Event("{}"))).IsTooLarge);
        var result = store.Add(Event("""{"Run":"a"}"""), Event("""{"Run":"a"}""", text: new string('x', 300)));
        Assert.Equal("the event is longer than 300 bytes", Assert.Single(result.Refused).Reason);
        Assert.Contains("1 runs already", Assert.Single(store.Add(Event("""{"Run":"b"}""")).Refused).Reason);
    }

    [Fact]
    public void Lines_of_a_file_are_taken_and_its_torn_end_is_refused()
    {
        using var store = new TestStore();
        string lines = Metrics("a", 1, """{"loss":1}""").ToJsonString() + "\r\n\n" + Metrics("a", 2, """{"loss":2}""").ToJsonString() + "\n{\"Timest";
        var result = store.Store.Add(Encoding.UTF8.GetBytes(lines));
        Assert.Equal(2, result.Accepted);
        Assert.Equal(2, Assert.Single(result.Refused).Index);
        Assert.Equal("a:loss@1=1 a:loss@2=2", store.Points());
    }

    [Fact]
    public void Threads_that_add_at_once_lose_nothing()
    {
        using var store = new TestStore();
        Parallel.For(0, 8, thread =>
        {
            for (int i = 0; i < 20; i++) store.Add(Metrics($"run{thread % 4}", thread * 100 + i, """{"loss":1}"""));
        });
        Assert.Equal(160L, store.Sql("SELECT count(*) FROM points")[0][0]);
        Assert.Equal(160L, store.Sql("SELECT sum(n) FROM rollups WHERE level = 4")[0][0]);
    }

    [Fact]
    public void What_is_stored_is_there_when_the_file_is_opened_again()
    {
        using var store = new TestStore();
        store.Add(Metrics("a", 1, """{"loss":1}"""));
        using var second = new EventStore(store.Options);
        Assert.Equal(1, second.AddBatch(Batch(Metrics("a", 2, """{"loss":2}"""))).Accepted);
        Assert.Equal("a:loss@1=1 a:loss@2=2", store.Points());
    }

    [Fact]
    public void A_file_that_is_no_database_is_named_with_what_to_do()
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, new string('x', 5000));
        string message = Assert.Throws<DashboardException>(() => new EventStore(new() { Database = file })).Message;
        Assert.Contains(file, message);
        Assert.Contains("Do: ", message);
        File.Delete(file);
    }

    [Fact]
    public void A_refusal_quotes_no_more_of_what_is_no_json_than_anybody_reads()
    {
        byte[] json = Encoding.ASCII.GetBytes("t" + new string('x', 100_000));
        Assert.InRange(Assert.Throws<InvalidBatchException>(() => new BatchReader(new()).ReadArray(json)).Message.Length, 1500, 2500);
        Assert.InRange(Assert.Single(new BatchReader(new()).ReadLines(json).Refused).Reason.Length, 1500, 2500);
    }
}
