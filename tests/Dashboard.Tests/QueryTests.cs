using System.Globalization;
using System.Text;
using System.Text.Json;
using Parquet;
using static SparkTrain.Dashboard.Tests.TestStore;

namespace SparkTrain.Dashboard.Tests;

/// <summary>What questions give, against values computed by hand or straight from the points.</summary>
public sealed class QueryTests
{
    [Fact]
    public void A_short_curve_is_its_points()
    {
        using var store = new TestStore();
        store.Add(Metrics("a", 0, """{"loss":4,"tokens":100}"""), Metrics("a", 10, """{"loss":"NaN","tokens":200}"""), Metrics("a", 30, """{"loss":"Infinity","tokens":400}"""));
        var series = Read(store, "loss", 10);
        Assert.Equal(1, series.Width);
        Assert.Null(series.Min);
        Assert.Equal([0, 10, 30], series.Steps);
        Assert.Equal([4, double.NaN, double.PositiveInfinity], series.Mean);
        // The time of a step is as many seconds after noon.
        Assert.Equal([0, 10, 30], Read(store, "loss", 10, SeriesAxis.Time).X);
        Assert.Equal([100, 200, 400], Read(store, "loss", 10, SeriesAxis.Tokens).X);
        Assert.Equal([10, 30], Read(store, "loss", 10, from: 5).Steps);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100)]
    [InlineData(7)]
    [InlineData(999)]
    public void Buckets_are_means_and_bounds_of_their_points(int max)
    {
        using var store = new TestStore();
        var random = new Random(max);
        double[] values = [.. Enumerable.Range(0, 10_000).Select(_ => Math.Round(random.NextDouble(), 6))];
        for (int start = 0; start < values.Length; start += 1000)
            store.Add(Enumerable.Range(start, 1000).Select(i => Metrics("a", i, string.Create(CultureInfo.InvariantCulture, $$"""{"x":{{values[i]:R}},"tokens":{{i * 10}}}"""))));
        var series = Read(store, "x", max);
        Assert.InRange(series.Mean.Count, max / 8 + 1, max);
        for (int i = 0; i < series.Mean.Count; i++)
        {
            double[] part = [.. values.Skip((int)(i * series.Width)).Take((int)series.Width)];
            Assert.Equal(part.Average(), series.Mean[i], 1e-9);
            Assert.Equal(part.Min(), series.Min![i]);
            Assert.Equal(part.Max(), series.Max![i]);
        }
        var byTokens = Read(store, "x", max, SeriesAxis.Tokens);
        Assert.Equal((series.Width - 1) / 2.0 * 10, byTokens.X[0]!.Value, 1e-6);
    }

    [Fact]
    public void Values_that_are_not_finite_stay_out_of_the_means()
    {
        using var store = new TestStore();
        store.Add(Enumerable.Range(0, 200).Select(i => Metrics("a", i, i % 2 == 0 ? """{"x":"NaN"}""" : """{"x":3}""")));
        Assert.All(Read(store, "x", 3).Mean, mean => Assert.Equal(3, mean));
        Assert.All(Read(store, "x", 50).Mean, mean => Assert.Equal(3, mean));
        store.Add(Enumerable.Range(0, 200).Select(i => Metrics("b", i, """{"x":"NaN"}""")));
        using var connection = store.Store.OpenReader();
        Assert.All(new SeriesQuery(connection).Read("b", "x", 0, long.MaxValue, 3, AxisRange.Whole(SeriesAxis.Step))!.Mean, mean => Assert.Equal(double.NaN, mean));
    }

    [Fact]
    public void Layers_make_a_matrix_in_their_order()
    {
        using var store = new TestStore();
        string twelve = string.Join(',', Enumerable.Range(0, 12));
        store.Add(Metrics("a", 0, $$"""{"f":[{{twelve}}],"f_other":[5]}"""), Metrics("a", 10, """{"f":[7]}"""));
        using var connection = store.Store.OpenReader();
        var matrix = LayerQuery.Read(connection, "a", "f", 0, long.MaxValue, 100, AxisRange.Whole(SeriesAxis.Step));
        Assert.Equal(Enumerable.Range(0, 12), matrix.Layers);
        Assert.Equal([0, 10], matrix.Steps);
        Assert.Equal([0, 7], matrix.Values[0]);
        Assert.Equal([11, null], matrix.Values[11]);
        store.Add(Enumerable.Range(0, 1000).Select(i => Metrics("b", i, $$"""{"f":[{{i}},{{i + 1}}]}""")));
        var reduced = LayerQuery.Read(connection, "b", "f", 0, long.MaxValue, 4, AxisRange.Whole(SeriesAxis.Step));
        // 1000 steps in at most 4 buckets: 250 is rounded up to 256. The first holds 0 … 255.
        Assert.Equal(256, reduced.Width);
        Assert.Equal([127.5, 383.5, 639.5, 883.5], reduced.Values[0]);
        Assert.Equal(128.5, reduced.Values[1][0]);
    }

    [Theory]
    // Step i has 100 + 64 i tokens and came i seconds after the first event; every third step has no loss.
    [InlineData("step", 2.5, 6, new long[] { 4, 5 })]
    [InlineData("step", 4, 4, new long[] { 4 })]
    [InlineData("tokens", 292, 484, new long[] { 4, 5 })]
    [InlineData("tokens", 356, 420, new long[] { 4, 5 })]
    [InlineData("tokens", 357, 419, new long[0])]
    [InlineData("tokens", 0, 227, new long[] { 1 })]
    [InlineData("tokens", 548, 1e300, new long[] { 7, 8 })]
    [InlineData("time", 3.9, 5.1, new long[] { 4, 5 })]
    [InlineData("time", -5, 0.9, new long[0])]
    [InlineData("time", 8, 99, new long[] { 8 })]
    [InlineData("time", 9, 99, new long[0])]
    public void A_stretch_of_any_axis_has_the_steps_within_it(string axis, double low, double high, long[] steps)
    {
        using var store = new TestStore();
        store.Add(Enumerable.Range(0, 10).Select(i => Metrics("a", i, i % 3 == 0 ? $$"""{"tokens":{{100 + 64 * i}},"f":[1,2]}""" : $$"""{"tokens":{{100 + 64 * i}},"loss":{{i}},"f":[{{i}},2]}""")));
        var (on, at) = (Enum.Parse<SeriesAxis>(axis, ignoreCase: true), steps.Select(step => (double)step));
        var series = Read(store, "loss", 100, on, low: low, high: high);
        Assert.Equal(steps, series.Steps);
        Assert.Equal(at, series.Mean);
        Assert.Equal(at.Select(step => on == SeriesAxis.Tokens ? 100 + 64 * step : step), series.X.Select(x => x!.Value));
        using var connection = store.Store.OpenReader();
        var matrix = LayerQuery.Read(connection, "a", "f", 0, long.MaxValue, 100, new(on, low, high));
        Assert.Equal(steps, matrix.Steps.Where(step => step % 3 != 0));
        Assert.Equal(matrix.Steps.Select(step => on == SeriesAxis.Tokens ? 100 + 64.0 * step : step), matrix.X.Select(x => x!.Value));
    }

    [Fact]
    public void A_stretch_over_tokens_of_a_run_that_counts_none_is_empty()
    {
        using var store = new TestStore();
        store.Add(Metrics("a", 1, """{"loss":1}"""));
        Assert.Empty(Read(store, "loss", 10, SeriesAxis.Tokens, low: 0, high: 10).Steps);
        Assert.Equal([1], Read(store, "loss", 10, SeriesAxis.Tokens).Steps);
    }

    [Fact]
    public void A_stretch_is_read_finer_than_the_whole()
    {
        using var store = new TestStore();
        store.Add(Enumerable.Range(0, 4000).Select(i => Metrics("a", i, $$"""{"loss":{{i}},"tokens":{{i * 10}}}""")));
        Assert.True(Read(store, "loss", 100, SeriesAxis.Tokens).Width >= 40);
        var part = Read(store, "loss", 100, SeriesAxis.Tokens, low: 10_000, high: 10_500);
        Assert.Equal((1, 51, 1000L, 1050L), (part.Width, part.Steps.Count, part.Steps[0], part.Steps[^1]));
    }

    [Fact]
    public void Samples_come_by_steps_from_the_latest_on_and_by_prompt()
    {
        using var store = new TestStore();
        store.Add(((int, string)[])[(5, "p"), (5, "q"), (10, "p"), (10, "q"), (15, "p")] is var told ? told.Select((one, i) => Event($$"""{"Run":"a","Kind":"Sample","Step":{{one.Item1}},"Prompt":"{{one.Item2}}","Text":"{{i}}"}""", i)) : []);
        using var connection = store.Store.OpenReader();
        string Texts(string prompt, long before, int max) => string.Concat(EventQueries.Samples(connection, "a", prompt, before, max).Select(sample => sample.Data.GetProperty("text").GetString()));
        Assert.Equal("42301", Texts("", long.MaxValue, 100));
        Assert.Equal("420", Texts("p", long.MaxValue, 100));
        Assert.Equal("423", Texts("", long.MaxValue, 3));
        Assert.Equal("01", Texts("", 10, 100));
        Assert.Equal("", Texts("other", long.MaxValue, 100));
    }

    [Fact]
    public void The_state_of_runs_follows_their_own_order()
    {
        using var store = new TestStore();
        const string id = "0123456789abcdef0123456789abcdef";
        store.Add(Event($$"""{"Run":"a","RunId":"{{id}}","Sequence":9,"Kind":"RunEnded","Step":7,"Status":"failed","Message":"disk full"}""", 9));
        store.Add(Event($$"""{"Run":"a","RunId":"{{id}}","Sequence":0,"Kind":"RunStarted","Config":{"X":1},"Command":"train","Host":"h","Ranks":2,"Parameters":5,"Commit":null,"Version":"1","Step":0}""", 1));
        store.Add(Event("""{"Run":"b"}""", 20), Metrics("b", 4, """{"loss":2}"""), Metrics("b", 3, """{"loss":3}"""));
        var queries = new RunQueries(store.Clock, TimeSpan.FromMinutes(5));
        using var connection = store.Store.OpenReader();
        var runs = queries.Page(connection, Cursor.Newest, 100);
        Assert.Equal(["b", id], runs.OrderByDescending(run => run.LastEvent).Select(run => run.Id));
        var (a, b) = (runs.Single(run => run.Name == "a"), runs.Single(run => run.Name == "b"));
        Assert.Equal(("failed", "disk full"), (a.Status, a.Message));
        Assert.Equal(("running", 4, 2.0), (b.Status, b.LastStep, b.LastLoss));
        store.Clock.Now += TimeSpan.FromMinutes(5.1);
        Assert.Equal("silent", queries.Page(connection, Cursor.Newest, 100).Single(run => run.Name == "b").Status);
        Assert.Equal("failed", queries.Page(connection, Cursor.Newest, 100).Single(run => run.Name == "a").Status);
        var detail = queries.One(connection, id)!;
        Assert.Equal("train", detail.About!.Value.GetProperty("command").GetString());
        Assert.Equal(1, detail.Config!.Value.GetProperty("X").GetInt32());
        // It goes on: a later start.
        store.Add(Event($$"""{"Run":"a","RunId":"{{id}}","Sequence":10,"Kind":"RunStarted","Config":{"X":2},"Step":7}""", 30));
        Assert.Equal("running", queries.One(connection, id)!.Run.Status);
        Assert.Equal(2, queries.One(connection, id)!.Config!.Value.GetProperty("X").GetInt32());
    }

    [Fact]
    public void Configurations_are_compared_key_by_key()
    {
        var differences = ConfigDiff.Of([JsonElement.Parse("""{"A":{"B":1,"C":[1,2]},"S":"x"}"""), JsonElement.Parse("""{"A":{"B":2,"C":[1]},"S":"x"}"""), null]);
        Assert.Equal(["A.B 1 2 -", "A.C[0] 1 1 -", "A.C[1] 2 - -", "S x x -"], differences.Select(d => $"{d.Key} {string.Join(' ', d.Values.Select(value => value ?? "-"))}"));
        Assert.Equal(["A.B"], ConfigDiff.Of([JsonElement.Parse("""{"A":{"B":1},"S":"x"}"""), JsonElement.Parse("""{"A":{"B":2},"S":"x"}""")]).Select(d => d.Key));
    }

    [Fact]
    public void The_log_comes_page_by_page_and_by_level()
    {
        using var store = new TestStore();
        store.Add(Enumerable.Range(0, 10).Select(i => Event($$"""{"Run":"a","Sequence":{{i}}}""", i / 2, $"line {i}", i % 5 == 0 ? "Error" : "Information")));
        using var connection = store.Store.OpenReader();
        var first = EventQueries.Log(connection, "a", "Verbose", Cursor.Newest, 4);
        Assert.Equal(["line 9", "line 8", "line 7", "line 6"], first.Select(line => line.Text));
        Assert.Equal(["line 5", "line 4"], EventQueries.Log(connection, "a", "Verbose", Cursor.Parse(first[^1].Cursor)!.Value, 2).Select(line => line.Text));
        Assert.Equal(["line 5", "line 0"], EventQueries.Log(connection, "a", "Warning", Cursor.Newest, 4).Select(line => line.Text));
    }

    [Fact]
    public async Task Exports_hold_every_point()
    {
        using var store = new TestStore();
        store.Add(Metrics("a", 1, """{"=x,\"y":0.1,"loss":"NaN"}"""), Metrics("a", 2, """{"loss":3}"""));
        using var connection = store.Store.OpenReader();
        using var csv = new MemoryStream();
        await PointExport.WriteCsvAsync(connection, "a", csv, TestContext.Current.CancellationToken);
        Assert.Equal("key,step,time,value\n\"'=x,\"\"y\",1,2026-01-02T12:00:01.000Z,0.1\nloss,1,2026-01-02T12:00:01.000Z,NaN\nloss,2,2026-01-02T12:00:02.000Z,3\n", Encoding.UTF8.GetString(csv.ToArray()));
        using var parquet = new MemoryStream();
        await PointExport.WriteParquetAsync(connection, "a", parquet, TestContext.Current.CancellationToken);
        parquet.Position = 0;
        await using var reader = await ParquetReader.CreateAsync(parquet, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(["key", "step", "time", "value"], reader.Schema.DataFields.Select(field => field.Name));
        using var group = reader.OpenRowGroupReader(0);
        Assert.Equal(3, group.RowCount);
    }

    [Fact]
    public void A_deleted_run_is_gone_and_may_come_again()
    {
        using var store = new TestStore();
        store.Add(Metrics("a", 1, """{"loss":1}"""), Event("""{"Run":"a"}"""), Metrics("b", 1, """{"loss":2}"""));
        Assert.True(store.Store.Delete("a"));
        Assert.False(store.Store.Delete("a"));
        Assert.Equal("b:loss@1=2", store.Points());
        Assert.Equal([0L, 1L, 1L, 5L], store.Sql("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM runs), (SELECT count(*) FROM keys), (SELECT count(*) FROM rollups)")[0]);
        store.Add(Metrics("a", 5, """{"loss":9}"""));
        Assert.Equal("a:loss@5=9 b:loss@1=2", store.Points());
    }

    private static Series Read(TestStore store, string key, int max, SeriesAxis axis = SeriesAxis.Step, long from = 0, double low = double.NegativeInfinity, double high = double.PositiveInfinity)
    {
        using var connection = store.Store.OpenReader();
        return new SeriesQuery(connection).Read("a", key, from, long.MaxValue, max, new(axis, low, high))!;
    }
}
