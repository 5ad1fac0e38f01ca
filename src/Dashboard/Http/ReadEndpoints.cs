using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Data.Sqlite;
using SparkTrain.Http;

namespace SparkTrain.Dashboard;

/// <summary>Answers the page's questions.</summary>
internal sealed class ReadEndpoints(EventStore store, RunQueries runs)
{
    /// <summary>What stands before the id of one run.</summary>
    public const string RunPath = "/api/runs/";

    /// <summary>The same with the id as a parameter: a browser leaves no id of dots in a path.</summary>
    public const string OneRun = "/api/run";

    private const int MaxRuns = 20;
    private const int MaxKeys = 400;
    private const int MaxBuckets = 10_000;
    private const int DefaultBuckets = 600;
    private const int MaxRows = 1000;
    private const int MaxListed = 100;

    public void Map(IEndpointRouteBuilder routes)
    {
        Get(routes, "/api/runs", (http, connection) => http.Request.Query.ContainsKey("run")
            ? runs.Some(connection, Question.Texts(http, "run", MaxListed))
            : runs.Page(connection, Before(http, "run"), (int)Question.Whole(http, "max", MaxRows, 1, MaxRows)));
        Get(routes, RunPath + "{**id}", (http, connection) => Require(connection, Question.RunOfPath(http, RunPath)));
        Get(routes, OneRun, (http, connection) => Require(connection, Question.Text(http, "run")));
        Get(routes, "/api/diff", Diff);
        Get(routes, "/api/keys", (http, connection) => RunQueries.Keys(connection, Run(http, connection)));
        Get(routes, "/api/series", SeriesOf);
        Get(routes, "/api/layers", (http, connection) => LayerQuery.Read(connection, Run(http, connection), Question.Text(http, "key"), From(http), To(http), Max(http, DefaultBuckets), Stretch(http)));
        Get(routes, "/api/log", Log);
        Get(routes, "/api/checkpoints", (http, connection) => EventQueries.Checkpoints(connection, Run(http, connection), Rows(http)));
        Get(routes, "/api/samples", (http, connection) => EventQueries.Samples(connection, Run(http, connection), Question.Text(http, "prompt", ""), Question.Whole(http, "before", long.MaxValue, 0, long.MaxValue), Rows(http)));
    }

    /// <summary>Returns a run.</summary>
    /// <exception cref="ApiException">There is none of that id.</exception>
    public RunDetail Require(SqliteConnection connection, string id) => runs.One(connection, id) ?? throw new ApiException(StatusCodes.Status404NotFound, "There is no such run.");

    private string Run(HttpContext http, SqliteConnection connection) => Require(connection, Question.Text(http, "run")).Run.Id;

    private void Get<T>(IEndpointRouteBuilder routes, string path, Func<HttpContext, SqliteConnection, T> answer) => routes.MapRead(path, async http =>
    {
        T result;
        using (var connection = store.OpenReader()) result = answer(http, connection);
        await http.Response.WriteAsJsonAsync(result, Json.Options, http.RequestAborted);
    });

    private object Diff(HttpContext http, SqliteConnection connection)
    {
        // Each id may hold commas where a run has no RunId: the parameter may come several times instead.
        string[] ids = http.Request.Query["runs"].Count > 1 ? Question.Texts(http, "runs", MaxRuns) : [.. Question.Text(http, "runs").Split(',').Take(MaxRuns)];
        return new { runs = ids, differences = ConfigDiff.Of([.. ids.Select(id => Require(connection, id).Config)]) };
    }

    private static object SeriesOf(HttpContext http, SqliteConnection connection)
    {
        var (ids, keys, query) = (Question.Texts(http, "run", MaxRuns), Question.Texts(http, "key", MaxKeys), new SeriesQuery(connection));
        var (from, to, max, stretch) = (From(http), To(http), Max(http, DefaultBuckets), Stretch(http));
        return new { series = ids.SelectMany(id => keys.Select(key => query.Read(id, key, from, to, max, stretch))).OfType<Series>().ToList() };
    }

    private static AxisRange Stretch(HttpContext http) => new(Question.Text(http, "x", "step") switch
    {
        "step" => SeriesAxis.Step,
        "time" => SeriesAxis.Time,
        "tokens" => SeriesAxis.Tokens,
        _ => throw Question.Refuse("x", "must be step, time or tokens"),
    }, Question.Number(http, "low", double.NegativeInfinity), Question.Number(http, "high", double.PositiveInfinity));

    private List<LogLine> Log(HttpContext http, SqliteConnection connection)
    {
        string level = Question.Text(http, "level", "Verbose");
        if (!EventQueries.IsLevel(level)) throw Question.Refuse("level", "must be Verbose, Debug, Information, Warning, Error or Fatal");
        return EventQueries.Log(connection, Run(http, connection), level, Before(http, "line"), Rows(http));
    }

    private static Cursor Before(HttpContext http, string what) =>
        Question.Text(http, "before", "") is not { Length: > 0 } text ? Cursor.Newest : Cursor.Parse(text) ?? throw Question.Refuse("before", $"must be the cursor of a {what}");


    private static long From(HttpContext http) => Question.Whole(http, "from", 0, 0, long.MaxValue);

    private static long To(HttpContext http) => Question.Whole(http, "to", long.MaxValue, 0, long.MaxValue);

    private static int Rows(HttpContext http) => (int)Question.Whole(http, "max", 200, 1, MaxRows);

    private static int Max(HttpContext http, int otherwise) => (int)Question.Whole(http, "max", otherwise, 1, MaxBuckets);
}
