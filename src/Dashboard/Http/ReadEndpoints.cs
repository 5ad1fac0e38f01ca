using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Data.Sqlite;

namespace SparkTrain.Dashboard;

/// <summary>Answers the page's questions.</summary>
internal sealed class ReadEndpoints(EventStore store, RunQueries runs)
{
    /// <summary>What stands before the id of one run.</summary>
    public const string RunPath = "/api/runs/";

    private const int MaxRuns = 20;
    private const int MaxKeys = 400;
    private const int MaxBuckets = 10_000;
    private const int DefaultBuckets = 600;
    private const int MaxRows = 1000;

    public void Map(IEndpointRouteBuilder routes)
    {
        Get(routes, "/api/runs", (_, connection) => runs.All(connection));
        Get(routes, RunPath + "{**id}", (http, connection) => Require(connection, Question.RunOfPath(http, RunPath)));
        Get(routes, "/api/diff", Diff);
        Get(routes, "/api/keys", (http, connection) => RunQueries.Keys(connection, Require(connection, Question.Text(http, "run")).Run.Id));
        Get(routes, "/api/series", SeriesOf);
        Get(routes, "/api/layers", (http, connection) => LayerQuery.Read(connection, Require(connection, Question.Text(http, "run")).Run.Id, Question.Text(http, "key"), From(http), To(http), Max(http, DefaultBuckets)));
        Get(routes, "/api/log", Log);
        Get(routes, "/api/checkpoints", (http, connection) => OfKind(http, connection, EventKind.Checkpoint));
        Get(routes, "/api/samples", (http, connection) => OfKind(http, connection, EventKind.Sample));
    }

    /// <summary>Returns a run.</summary>
    /// <exception cref="ApiException">There is none of that id.</exception>
    public RunDetail Require(SqliteConnection connection, string id) => runs.One(connection, id) ?? throw new ApiException(StatusCodes.Status404NotFound, "There is no such run.");

    private void Get<T>(IEndpointRouteBuilder routes, string path, Func<HttpContext, SqliteConnection, T> answer) => routes.MapGet(path, async http =>
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
        var axis = Question.Text(http, "x", "step") switch
        {
            "step" => SeriesAxis.Step,
            "time" => SeriesAxis.Time,
            "tokens" => SeriesAxis.Tokens,
            _ => throw Question.Refuse("x", "must be step, time or tokens"),
        };
        var (from, to, max) = (From(http), To(http), Max(http, DefaultBuckets));
        return new { series = ids.SelectMany(id => keys.Select(key => query.Read(id, key, from, to, max, axis))).OfType<Series>().ToList() };
    }

    private List<LogLine> Log(HttpContext http, SqliteConnection connection)
    {
        string level = Question.Text(http, "level", "Verbose");
        if (!EventQueries.IsLevel(level)) throw Question.Refuse("level", "must be Verbose, Debug, Information, Warning, Error or Fatal");
        var before = (long.MaxValue, long.MaxValue);
        if (Question.Text(http, "before", "") is { Length: > 0 } cursor)
        {
            int dash = cursor.LastIndexOf('-');
            if (dash < 1 || !long.TryParse(cursor.AsSpan(0, dash), out long time) || !long.TryParse(cursor.AsSpan(dash + 1), out long id)) throw Question.Refuse("before", "must be the cursor of a line");
            before = (time, id);
        }
        return EventQueries.Log(connection, Require(connection, Question.Text(http, "run")).Run.Id, level, before, (int)Question.Whole(http, "max", 200, 1, MaxRows));
    }

    private List<StepEvent> OfKind(HttpContext http, SqliteConnection connection, EventKind kind) =>
        EventQueries.OfKind(connection, Require(connection, Question.Text(http, "run")).Run.Id, kind, (int)Question.Whole(http, "max", 200, 1, MaxRows));

    private static long From(HttpContext http) => Question.Whole(http, "from", 0, 0, long.MaxValue);

    private static long To(HttpContext http) => Question.Whole(http, "to", long.MaxValue, 0, long.MaxValue);

    private static int Max(HttpContext http, int otherwise) => (int)Question.Whole(http, "max", otherwise, 1, MaxBuckets);
}
