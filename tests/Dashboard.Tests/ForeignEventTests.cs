using System.Text;
using System.Text.Json.Nodes;
using SparkTrain.Input;
using static SparkTrain.Dashboard.Tests.TestStore;

namespace SparkTrain.Dashboard.Tests;

/// <summary>Logs of applications that know nothing of runs: no line is lost.</summary>
public sealed class ForeignEventTests
{
    [Fact]
    public void Properties_of_an_application_that_are_called_as_ours_are_its_own()
    {
        using var store = new TestStore();
        // A number for Run, a text for Sequence, a GUID with dashes for RunId.
        var result = store.Add(Event("{}", 1, "a"), Event("""{"Run":7}""", 2, "b"), Event("""{"Sequence":"A-17"}""", 3, "c"), Event("""{"RunId":"3f2504e0-4f89-11d3-9a0c-0305e82c3301"}""", 4, "d"));
        Assert.Equal(4, result.Accepted);
        Assert.Equal([["a", null], ["b", null], ["c", null], ["d", null]], store.Sql("SELECT text, sequence FROM events ORDER BY time"));
        Assert.Equal([["unnamed"]], store.Sql("SELECT name FROM runs"));
    }

    [Theory]
    [InlineData("""{"Run":{"Id":1}}""")]
    [InlineData("""{"Run":null,"RunId":5,"Sequence":[1]}""")]
    [InlineData("""{"Run":""}""")]
    [InlineData("""{"Run":"a\u0000b"}""")]
    [InlineData("""{"Run":true,"Sequence":1.5}""")]
    [InlineData("""{"Sequence":-1}""")]
    [InlineData("""{"Sequence":1e300}""")]
    [InlineData("""{"RunId":"","Sequence":7}""")]
    [InlineData("""{"Kind":3,"Step":"x","Metrics":"none","Config":7}""")]
    [InlineData("""{"Kind":"Import","Run":["x"]}""")]
    public void Whatever_they_are_the_line_is_kept(string properties)
    {
        using var store = new TestStore();
        Assert.Equal(1, store.Add(Event(properties)).Accepted);
        Assert.Equal([["unnamed", "text"]], store.Sql("SELECT r.name, e.text FROM events e JOIN runs r ON r.id = e.run"));
    }

    [Fact]
    public void Of_a_name_that_is_too_long_the_line_is_kept()
    {
        using var store = new TestStore(new() { MaxNameLength = 5 });
        Assert.Equal(1, store.Add(Event("""{"Run":"sixsix"}""")).Accepted);
        Assert.Equal([["unnamed"]], store.Sql("SELECT name FROM runs"));
    }

    [Fact]
    public void Another_line_with_a_number_that_was_there_is_another_event_and_the_same_line_is_none()
    {
        using var store = new TestStore();
        // An application that counts its batches, or whose counter begins anew.
        JsonObject[] lines = [Event("""{"Run":"importer","Sequence":3}""", 1, "first"), Event("""{"Run":"importer","Sequence":3}""", 2, "second"), Event("""{"Run":"importer","Sequence":3}""", 2, "third", "Error")];
        for (int i = 0; i < 3; i++) Assert.Equal(3, store.Add(lines).Accepted);
        Assert.Equal([["first"], ["second"], ["third"]], store.Sql("SELECT text FROM events ORDER BY time, id"));
    }

    [Fact]
    public void Half_of_a_surrogate_pair_becomes_one_replacement_character_wherever_it_stands()
    {
        using var store = new TestStore();
        string line = """{"Timestamp":"2026-01-02T03:04:05Z","Level":"Information","RenderedMessage":"a \ud800 b \ude00\ud83d\ude00","Exception":"\udfff","Properties":{"Run":"r\udbff","\ud800":1}}""";
        string start = """{"Timestamp":"2026-01-02T03:04:05Z","Properties":{"Run":"s","Sequence":0,"Kind":"RunStarted","Step":0,"Command":"\ud800","Config":{"\ud800":"\udc00","Name":"\\ud800"}}}""";
        string sample = """{"Timestamp":"2026-01-02T03:04:05Z","Properties":{"Run":"s","Sequence":1,"Kind":"Sample","Step":1,"Prompt":"\ud800","Text":"x\udc00"}}""";
        string metrics = """{"Timestamp":"2026-01-02T03:04:05Z","Properties":{"Run":"s","Sequence":2,"Kind":"Metrics","Step":1,"Metrics":{"\ud800":1}}}""";
        Assert.Equal(4, store.Store.AddBatch(Encoding.UTF8.GetBytes($"[{line},{start},{sample},{metrics}]")).Accepted);
        // The same events as lines of a file change nothing.
        Assert.Equal((4, 0), store.Store.Add(Encoding.UTF8.GetBytes($"{line}\n{start}\n{sample}\n{metrics}\n")) is var again ? (again.Accepted, again.Refused.Count) : default);
        Assert.Equal([["r\uFFFD", "a \uFFFD b \uFFFD\U0001F600", "\uFFFD"]], store.Sql("SELECT r.name, e.text, e.exception FROM events e JOIN runs r ON r.id = e.run WHERE kind = 0 LIMIT 1"));
        using var connection = store.Store.OpenReader();
        var run = new RunQueries(store.Clock, TimeSpan.FromMinutes(5)).One(connection, "s")!;
        Assert.Equal("\uFFFD", run.Config!.Value.GetProperty("\uFFFD").GetString());
        Assert.Equal("\\ud800", run.Config!.Value.GetProperty("Name").GetString());
        Assert.Equal("x\uFFFD", EventQueries.Samples(connection, "s", "\uFFFD", long.MaxValue, 10).Single().Data.GetProperty("text").GetString());
        Assert.Equal("s:\uFFFD@1=1", store.Points());
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_cost_a_replacement_character_and_no_event()
    {
        using var store = new TestStore();
        byte[] body = [.. "[{\"Timestamp\":\"2026-01-02T03:04:05Z\",\"RenderedMessage\":\"caf"u8, 0xE9, .. " \\ud800\",\"Properties\":{}}]"u8];
        Assert.Equal(1, store.Store.AddBatch(body).Accepted);
        Assert.Equal([["caf\uFFFD \uFFFD"]], store.Sql("SELECT text FROM events"));
    }

    [Fact]
    public void An_event_that_is_nested_deeply_stops_no_other()
    {
        using var store = new TestStore();
        string deep = string.Concat(Enumerable.Repeat("{\"a\":", 200)) + "1" + new string('}', 200);
        string Raw(string properties) => $$"""{"Timestamp":"2026-01-02T03:04:05Z","RenderedMessage":"line","Properties":{{properties}}}""";
        var result = store.Store.AddBatch(Encoding.UTF8.GetBytes($"[{Raw($$"""{"Deep":{{deep}}}""")},{Raw($$"""{"Kind":"RunStarted","Run":"s","Config":{{deep}}}""")},{Raw("{}")}]"));
        Assert.Equal((2, "Config is nested too deeply"), (result.Accepted, Assert.Single(result.Refused).Reason));
        Assert.Equal([[2L]], store.Sql("SELECT count(*) FROM events WHERE text = 'line'"));
    }

    [Fact]
    public void A_copied_run_with_an_identity_of_its_own_is_a_run_of_its_own()
    {
        using var store = new TestStore();
        string first = new('a', 32), second = new('b', 32);
        JsonObject Of(string id, string name, string rest) => Event($$"""{"RunId":"{{id}}","Run":"{{name}}",{{rest}}}""");
        store.Add(Of(first, "base", """ "Sequence":0,"Kind":"RunStarted","Step":0 """), Of(first, "base", """ "Sequence":1,"Kind":"Metrics","Step":20,"Metrics":{"loss":4} """));
        store.Add(Of(second, "fork", """ "Sequence":2,"Kind":"RunStarted","Step":10 """), Of(second, "fork", """ "Sequence":3,"Kind":"Metrics","Step":20,"Metrics":{"loss":3} """));
        Assert.Equal("base:loss@20=4 fork:loss@20=3", store.Points());
        Assert.Equal([[first, "base"], [second, "fork"]], store.Sql("SELECT uid, name FROM runs ORDER BY uid"));
    }
}
