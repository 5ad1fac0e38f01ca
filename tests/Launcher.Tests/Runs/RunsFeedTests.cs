using System.Collections.Concurrent;
using SparkTrain.Dashboard;
using SparkTrain.Launcher.Runs;
using SparkTrain.Support;

namespace SparkTrain.Launcher.Tests.Runs;

/// <summary>The runs of a folder, given to a dashboard.</summary>
public sealed class RunsFeedTests(SmallRun small) : IClassFixture<SmallRun>, IDisposable
{
    private readonly TemporaryFolder runs = new();

    public void Dispose() => runs.Dispose();

    [Fact]
    public async Task A_database_that_is_gone_is_told_of_once_and_no_journal_is_blamed_for_it()
    {
        string database = runs["dashboard.db"];
        SmallRun.Copy(small.Good, runs["good"]);
        var log = new ConcurrentQueue<string>();
        await using var server = await DashboardServer.StartAsync(new() { Address = new(System.Net.IPAddress.Loopback, 0), Database = database, Log = log.Enqueue });
        File.Delete(database);
        var error = new StringWriter();
        using var stop = new CancellationTokenSource();
        var feed = new RunsFeed(server, runs, new Terminal(_ => null, isOutputRedirected: true, TextWriter.Null, error)).RunAsync(stop.Token);
        Patience.Until(() => !log.IsEmpty);
        await stop.CancelAsync();
        await feed;
        Assert.Equal($"error: {database}: the database that is open has been moved or removed. Put it back, or start the dashboard anew; until then nothing is taken.", Assert.Single(log));
        Assert.Equal("", error.ToString());
    }
}
