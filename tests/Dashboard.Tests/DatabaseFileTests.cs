using System.Net;
using System.Text;
using Microsoft.Data.Sqlite;
using SparkTrain.Support;
using static SparkTrain.Dashboard.Tests.TestStore;

namespace SparkTrain.Dashboard.Tests;

/// <summary>What happens to the file: an answer of 200 is on disk, and other programs' files stay theirs.</summary>
public sealed class DatabaseFileTests
{
    [Theory]
    [InlineData("")]
    [InlineData("-wal")]
    public async Task Once_the_file_is_gone_nothing_is_taken_and_the_log_says_so_once(string part)
    {
        await using var server = await TestServer.StartAsync();
        await server.PostAsync(Metrics("a", 1, """{"loss":1}"""));
        File.Delete(server.Database + part);
        for (int i = 0; i < 2; i++) await RequireUnavailable(server, server.SendAsync(Batch(Metrics("a", 2, """{"loss":1}"""))));
        await RequireUnavailable(server, server.Client.GetAsync("/api/runs", TestContext.Current.CancellationToken));
        await RequireUnavailable(server, server.Client.DeleteAsync("/api/runs/a", TestContext.Current.CancellationToken));
        Assert.Throws<StoreUnavailableException>(() => server.Server.Ingest(Encoding.UTF8.GetBytes(Metrics("a", 3, """{"loss":1}""").ToJsonString())));
        // A reader makes no empty file in its place.
        Assert.Equal(part.Length > 0, File.Exists(server.Database));
        Assert.Equal($"error: {server.Database}: the database that is open has been moved or removed. Put it back, or start the dashboard anew; until then nothing is taken.", Assert.Single(server.Log));
    }

    [Fact]
    public async Task A_file_that_is_moved_away_and_back_is_taken_up_again_and_another_in_its_place_is_not()
    {
        await using var server = await TestServer.StartAsync();
        await server.PostAsync(Metrics("a", 1, """{"loss":1}"""));
        File.Move(server.Database, server.Database + ".away");
        await RequireUnavailable(server, server.SendAsync(Batch(Metrics("a", 2, """{"loss":1}"""))));
        File.Copy(server.Database + ".away", server.Database);
        await RequireUnavailable(server, server.SendAsync(Batch(Metrics("a", 2, """{"loss":1}"""))));
        File.Move(server.Database + ".away", server.Database, overwrite: true);
        await server.PostAsync(Metrics("a", 2, """{"loss":1}"""));
        Assert.Equal(2, (int)(await server.GetAsync("/api/runs"))[0]!["lastStep"]!);
    }

    [Theory]
    [InlineData("CREATE TABLE t(a)")]
    [InlineData("CREATE TABLE t(a); PRAGMA user_version = 1")]
    [InlineData("CREATE TABLE runs(id INTEGER PRIMARY KEY, name TEXT)")]
    [InlineData("CREATE TABLE events(a)")]
    [InlineData("PRAGMA application_id = 252006674")]
    [InlineData("PRAGMA application_id = 252006674; CREATE TABLE t(a)")]
    public void A_database_of_another_program_is_refused_and_stays_as_it_is(string sql)
    {
        using var folder = new Folder();
        string file = folder.Make(sql);
        byte[] before = File.ReadAllBytes(file);
        var e = Assert.Throws<DashboardException>(() => new EventStore(new() { Database = file }));
        Assert.Equal($"{file}\n       Found: a database of another program\n       Expected: a file that is new or of a dashboard\n       Do: name another file with --database", e.Message.ReplaceLineEndings("\n"));
        Assert.Equal(before, File.ReadAllBytes(file));
    }

    [Fact]
    public void What_is_no_database_is_refused()
    {
        using var folder = new Folder();
        string file = Path.Combine(folder.Path, "notes.txt");
        File.WriteAllText(file, new string('x', 5000));
        Assert.Throws<DashboardException>(() => new EventStore(new() { Database = file }));
        Assert.Equal(new string('x', 5000), File.ReadAllText(file));
    }

    [Fact]
    public void Databases_of_before_that_do_not_say_whose_they_are_are_known_by_their_tables_and_say_it_from_then_on()
    {
        using var folder = new Folder();
        string file = Path.Combine(folder.Path, "d.db");
        using (var store = new EventStore(new() { Database = file })) store.AddBatch(Batch(Metrics("a", 1, """{"loss":1}""")));
        Assert.Equal(0x5370726BL, Folder.Ask(file, "PRAGMA application_id"));
        // As versions without an index of runs and without an id left it.
        Folder.Run(file, "PRAGMA application_id = 0; DROP INDEX runs_order;");
        using (var store = new EventStore(new() { Database = file })) store.AddBatch(Batch(Metrics("a", 2, """{"loss":1}""")));
        Assert.Equal(0x5370726BL, Folder.Ask(file, "PRAGMA application_id"));
        Assert.Equal(2L, Folder.Ask(file, "SELECT count(*) FROM points"));
        Folder.Run(file, "PRAGMA user_version = 2");
        Assert.Contains("a database of version 2", Assert.Throws<DashboardException>(() => new EventStore(new() { Database = file })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_file_is_a_new_database()
    {
        using var folder = new Folder();
        string file = Path.Combine(folder.Path, "d.db");
        File.WriteAllText(file, "");
        using var store = new EventStore(new() { Database = file });
        Assert.Equal(1, store.AddBatch(Batch(Metrics("a", 1, """{"loss":1}"""))).Accepted);
    }

    private static async Task RequireUnavailable(TestServer server, Task<HttpResponseMessage> answer)
    {
        using var response = await answer;
        Assert.Equal((HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(1)), (response.StatusCode, response.Headers.RetryAfter!.Delta!.Value));
        Assert.Contains("has been moved or removed", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.NotEmpty(server.Log);
    }

    private sealed class Folder : IDisposable
    {
        private readonly TemporaryFolder temporary = new();

        public string Path => temporary.Path;

        public string Make(string sql)
        {
            string file = System.IO.Path.Combine(Path, "other.db");
            Run(file, sql);
            return file;
        }

        public static void Run(string file, string sql)
        {
            using var connection = Open(file);
            connection.Execute(sql);
        }

        public static long Ask(string file, string sql)
        {
            using var connection = Open(file);
            return connection.Scalar<long>(sql);
        }

        public void Dispose() => temporary.Dispose();

        private static SqliteConnection Open(string file)
        {
            var connection = new SqliteConnection($"Data Source={file};Pooling=False");
            connection.Open();
            return connection;
        }
    }
}
