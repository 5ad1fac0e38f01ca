using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace SparkTrain.Telemetry.Tests;

/// <summary>Every event arrives, whatever a server does, and nobody waits for it.</summary>
public sealed class ShippingTests
{
    private static readonly Uri Url = new("http://127.0.0.1:1/api/events");

    private static ShippingOptions Quick => new(Url, "a-token") { Period = TimeSpan.FromMilliseconds(5), FirstPause = TimeSpan.FromMilliseconds(1), LongestPause = TimeSpan.FromMilliseconds(20), Farewell = TimeSpan.FromMinutes(2) };

    [Fact]
    public async Task A_hundred_thousand_events_arrive_through_outages_of_every_kind()
    {
        const int Events = 100_000;
        using var run = new TestRun();
        var random = new Random(1);
        using var server = new TestServer { Decide = (_, _) => random.Next(3) > 0 ? Answer.Store : (Answer)random.Next(1, 7) is var odd && odd == Answer.Refuse ? Answer.Fail : odd };
        using (var log = run.Open(out var journal))
        {
            await using var shipper = new EventShipper(journal.Path, Quick, _ => { }, server);
            for (int step = 0; step < Events; step++) TestRun.Metrics(log, step, 1.0 / (step + 1));
        }
        await SyncAsync(run, server);
        Assert.Equal(Events, server.Stored.Count);
        Assert.Equal(Enumerable.Range(0, Events).Select(i => (long)i), server.Stored.Keys.Order());
    }

    [Fact]
    public async Task A_server_that_is_never_there_costs_a_farewell_and_no_event()
    {
        using var run = new TestRun();
        using var server = new TestServer { Decide = (_, _) => Answer.Away };
        var warnings = new List<string>();
        using (var log = run.Open(out var journal))
        {
            await using var shipper = new EventShipper(journal.Path, Quick with { FirstPause = TimeSpan.FromHours(1), LongestPause = TimeSpan.FromHours(1) }, warnings.Add, server);
            for (int step = 0; step < 50; step++) TestRun.Metrics(log, step, 1);
            Patience.Until(() => server.Batches > 0);
        }
        Assert.Single(warnings);
        server.Decide = (_, _) => Answer.Store;
        await SyncAsync(run, server);
        Assert.Equal(50, server.Stored.Count);
        Assert.All(server.Stored.Values, times => Assert.Equal(1, times));
    }

    [Fact]
    public async Task A_server_that_never_answers_is_left_when_the_farewell_is_over()
    {
        using var run = new TestRun();
        run.Write(3);
        using var silent = new SilentServer();
        await using (new EventShipper(run.Journal, Quick with { Farewell = TimeSpan.FromMilliseconds(50), Timeout = TimeSpan.FromHours(1) }, _ => { }, silent))
            Patience.Until(() => silent.Asked > 0);
        Assert.Equal(1, silent.Asked);
    }

    [Fact]
    public async Task What_another_run_has_put_in_the_journals_place_is_neither_sent_nor_noted()
    {
        using var run = new TestRun();
        run.Write(3);
        using var server = new TestServer();
        await using (new EventShipper(run.Journal, Quick, _ => { }, server, isOwn: () => false))
        {
        }
        Assert.Equal(0, server.Batches);
        Assert.False(File.Exists(Bookmark.PathOf(run.Journal)));
        await using (new EventShipper(run.Journal, Quick, _ => { }, server, isOwn: () => true))
        {
        }
        Assert.Equal([0L, 1, 2], server.Stored.Keys.Order());
    }

    [Fact]
    public async Task What_was_sent_is_not_sent_again_but_to_another_server()
    {
        using var run = new TestRun();
        run.Write(5);
        using TestServer first = new(), second = new();
        await SyncAsync(run, first);
        await SyncAsync(run, first);
        run.Write(2, from: 5);
        await SyncAsync(run, first);
        Assert.Equal(Enumerable.Range(0, 7).ToDictionary(i => (long)i, _ => 1), first.Stored);
        using var sender = new EventSender(run.Journal, Quick with { Url = new("http://127.0.0.1:2/api/events") }, second);
        while (await sender.SendNextAsync(TestContext.Current.CancellationToken)) Assert.True(sender.Sent > 0);
        Assert.Equal(7, second.Stored.Count);
    }

    [Fact]
    public async Task An_event_that_a_server_refuses_is_set_aside_and_the_others_arrive()
    {
        using var run = new TestRun();
        run.Write(9);
        static bool IsBad(JsonElement item) => item.GetProperty("Properties").GetProperty("Step").GetInt64() == 6;
        using var server = new TestServer { Decide = (_, events) => events.Any(IsBad) ? Answer.Refuse : Answer.Store };
        Assert.Equal((8, 1), await SyncAsync(run, server));
        Assert.Equal([0L, 1, 2, 3, 4, 5, 7, 8], server.Stored.Keys.Order());
        Assert.Contains("metrics of step 6", Assert.Single(File.ReadAllLines(Path.ChangeExtension(run.Journal, ".refused.jsonl"))), StringComparison.Ordinal);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_batch_is_an_array_with_the_headers_of_the_sink(bool gzip)
    {
        using var run = new TestRun();
        run.Write(2500);
        using var server = new TestServer();
        using var sender = new EventSender(run.Journal, Quick with { Gzip = gzip }, server);
        while (await sender.SendNextAsync(TestContext.Current.CancellationToken)) Assert.InRange(sender.Sent, 1, 2500);
        Assert.Equal(3, server.Batches);
        Assert.Equal(2500, server.Stored.Count);
        Assert.Equal("application/json", server.LastRequest!.Content!.Headers.ContentType!.ToString());
        Assert.Equal(gzip ? ["gzip"] : [], server.LastRequest.Content.Headers.ContentEncoding);
        Assert.Equal("Bearer a-token", server.LastRequest.Headers.Authorization!.ToString());
    }

    [Fact]
    public async Task A_line_without_its_end_and_one_longer_than_a_batch_are_no_trouble()
    {
        using var run = new TestRun();
        run.Write(1);
        string line = File.ReadAllText(run.Journal), longer = line.Replace("\"Sequence\":0", "\"Sequence\":1,\"Text\":\"" + new string('x', 5000) + "\"", StringComparison.Ordinal);
        File.AppendAllText(run.Journal, longer + "{\"half");
        using var server = new TestServer();
        using (var sender = new EventSender(run.Journal, Quick with { BatchBytes = 512 }, server))
            while (await sender.SendNextAsync(TestContext.Current.CancellationToken)) Assert.InRange(sender.Sent, 1, 2);
        Assert.Equal([0L, 1], server.Stored.Keys.Order());
    }

    [Fact]
    public async Task A_redirection_that_makes_a_GET_of_the_POST_stores_nothing()
    {
        using var run = new TestRun();
        run.Write(2);
        using var server = new HttpListener();
        int port = FreePort();
        server.Prefixes.Add($"http://127.0.0.1:{port}/");
        server.Start();
        var answers = Task.Run(async () =>
        {
            var first = await server.GetContextAsync();
            first.Response.Redirect($"http://127.0.0.1:{port}/page");
            first.Response.Close();
            var second = await server.GetContextAsync();
            second.Response.Close();
            return second.Request.HttpMethod;
        }, TestContext.Current.CancellationToken);
        using var sender = new EventSender(run.Journal, Quick with { Url = new($"http://127.0.0.1:{port}/api/events") });
        var e = await Assert.ThrowsAsync<HttpRequestException>(() => sender.SendNextAsync(TestContext.Current.CancellationToken));
        Assert.Equal($"the server leads elsewhere, to http://127.0.0.1:{port}/page; give that address", e.Message);
        Assert.Equal(("GET", 0), (await answers, sender.Sent));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task<(long Sent, long Refused)> SyncAsync(TestRun run, TestServer server)
    {
        using var sender = new EventSender(run.Journal, Quick, server);
        while (true)
        {
            try
            {
                if (!await sender.SendNextAsync(TestContext.Current.CancellationToken)) return (sender.Sent, sender.Refused);
            }
            catch (HttpRequestException)
            {
            }
        }
    }

    private sealed class SilentServer : HttpMessageHandler
    {
        private int asked;

        public int Asked => Volatile.Read(ref asked);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref asked);
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return new();
        }
    }
}
