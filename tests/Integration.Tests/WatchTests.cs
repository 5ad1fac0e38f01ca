using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SparkTrain.Integration.Tests;

/// <summary>What a run tells whoever watches it from elsewhere.</summary>
public sealed class WatchTests : IDisposable
{
    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    [Fact]
    public async Task A_run_trains_though_its_server_is_away_and_everything_arrives_once_afterwards()
    {
        string url = $"http://127.0.0.1:{FreePort()}/api/events/";
        var trained = work.Train("--ranks", "2", "--set", $"Logging.Http.Url={url}", "--set", "Logging.Http.FarewellSeconds=0.1", "--set", "Logging.TensorBoard=true",
            "--set", """Generation.Prompts=["the ", "k\u001b[2J"]""", "--set", "Generation.EverySteps=15");
        Assert.Equal(0, trained.ExitCode);
        Assert.Contains($"warning: events are not sent to {url} (Connection refused", trained.Error, StringComparison.Ordinal);
        Assert.Equal(5, Cli.Run(work.Folder, "runs", "sync", "runs/tiny").ExitCode);

        JsonNode[] events;
        using (var receiver = new Receiver(url))
        {
            Assert.Equal(0, Cli.Run(work.Folder, "runs", "sync", "runs/tiny").ExitCode);
            Assert.Contains("tiny: 0 events sent", Cli.Run(work.Folder, "runs", "sync", "runs/tiny").Out, StringComparison.Ordinal);
            events = await receiver.StopAsync();
        }
        string[] journal = File.ReadAllLines(work["runs/tiny/log/events.jsonl"]);
        Assert.Equal(journal.Select(line => JsonNode.Parse(line)!.ToJsonString()), events.Select(e => e.ToJsonString()));
        Assert.Equal(Enumerable.Range(0, journal.Length).Select(i => (long)i), events.Select(e => e["Properties"]!["Sequence"]!.GetValue<long>()));

        // The newest numbers of every step are those of the file.
        var sent = events.Where(e => Kind(e) == "Metrics").GroupBy(e => e["Properties"]!["Step"]!.GetValue<long>()).ToDictionary(step => step.Key, step => step.Last()["Properties"]!["Metrics"]!);
        var logged = File.ReadLines(work["runs/tiny/metrics.jsonl"]).Select(line => JsonNode.Parse(line)!).ToDictionary(line => line["step"]!.GetValue<long>());
        Assert.Equal(logged.Keys.Order(), sent.Keys.Order());
        foreach (var (step, line) in logged)
            foreach (var (name, value) in line.AsObject().Where(number => number.Key != "step")) Assert.True(JsonNode.DeepEquals(value, sent[step][name]), $"{name} of step {step}: {value} and {sent[step][name]}");
        Assert.Equal(File.ReadAllLines(work["runs/tiny/generated.jsonl"]).Select(line => JsonNode.Parse(line)!).Select(text => (text["step"]!.GetValue<long>(), text["prompt"]!.GetValue<string>(), text["text"]!.GetValue<string>())),
            events.Where(e => Kind(e) == "Sample").Select(e => e["Properties"]!).Select(e => (e["Step"]!.GetValue<long>(), e["Prompt"]!.GetValue<string>(), e["Text"]!.GetValue<string>())));
        Assert.Equal(6, events.Count(e => Kind(e) == "Sample"));
        Assert.DoesNotContain('\e', trained.Out);
        var saved = events.Last(e => Kind(e) == "Checkpoint")["Properties"]!;
        Assert.Equal(Directory.GetFiles(work[$"runs/tiny/{saved["Path"]}"], "*.safetensors").Sum(file => new FileInfo(file).Length), saved["Bytes"]!.GetValue<long>());
        Assert.StartsWith("run tiny is complete: 30 steps", events.Last(e => Kind(e) is null)["RenderedMessage"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(["RunStarted", "RunEnded"], events.Select(Kind).Where(kind => kind is "RunStarted" or "RunEnded"));
        Assert.Equal(2, events[0]["Properties"]!["Ranks"]!.GetValue<int>());
        Assert.Equal("complete", events[^1]["Properties"]!["Status"]!.GetValue<string>());
        Assert.NotEmpty(Directory.GetFiles(work["runs/tiny/tensorboard"], "events.out.tfevents.*"));
        Assert.StartsWith("# tiny: complete\n", File.ReadAllText(work["runs/tiny/report.md"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prometheus_reads_the_newest_numbers_while_a_run_trains()
    {
        int port = FreePort();
        var started = Cli.Start(work.Folder, "--config", "tiny.json", "--set", "Training.Steps=100000", "--set", $"Logging.Prometheus=127.0.0.1:{port}");
        started.WaitFor("step      3/");
        using var client = new HttpClient();
        string page = await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"), TestContext.Current.CancellationToken);
        started.Signal("TERM");
        Assert.Equal(75, Cli.Finish(started).ExitCode);
        Assert.Matches("(?m)^sparktrain_loss\\{run=\"tiny\"\\} [0-9.]+$", page);
        Assert.Matches("(?m)^sparktrain_ffn_active_fraction_by_layer\\{run=\"tiny\",layer=\"1\"\\} [0-9.]+$", page);
        Assert.Contains("\"status\": \"stopped\"", File.ReadAllText(work["runs/tiny/report.json"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Runs_serve_shows_a_run_that_knows_nothing_of_it_and_what_it_logs_later()
    {
        Assert.Equal(75, work.Train("--until", "20").ExitCode);
        int port = FreePort();
        var serving = Cli.Start(work.Folder, "runs", "serve", "runs", "--listen", $"127.0.0.1:{port}");
        serving.WaitFor("the runs in runs");
        using var client = new HttpClient { BaseAddress = new($"http://127.0.0.1:{port}/") };
        var stopped = await ShownAsync(client, run => run["status"]!.GetValue<string>() == "stopped");
        Assert.Equal(("tiny", 20L), (stopped["name"]!.GetValue<string>(), stopped["lastStep"]!.GetValue<long>()));
        Assert.Equal(0, work.Train().ExitCode);
        var complete = await ShownAsync(client, run => run["status"]!.GetValue<string>() == "complete");
        Assert.Equal(30, complete["lastStep"]!.GetValue<long>());
        Assert.Equal(work.Losses("tiny")[^1]!.GetValue<double>(), complete["lastLoss"]!.GetValue<double>());
        serving.Signal("TERM");
        Assert.Equal(0, Cli.Finish(serving).ExitCode);
    }

    private static async Task<JsonNode> ShownAsync(HttpClient client, Func<JsonNode, bool> isSo)
    {
        var stop = TestContext.Current.CancellationToken;
        for (var limit = DateTime.UtcNow.AddMinutes(2); ;)
        {
            string runs = await client.GetStringAsync(new Uri("api/runs", UriKind.Relative), stop);
            if (JsonNode.Parse(runs)!.AsArray() is [{ } run] && isSo(run)) return run;
            Assert.True(DateTime.UtcNow < limit, runs);
            await Task.Delay(50, stop);
        }
    }

    private static string? Kind(JsonNode item) => item["Properties"]!["Kind"]?.GetValue<string>();

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Takes batches, and keeps their events in the order in which they came.</summary>
    private sealed class Receiver : IDisposable
    {
        private readonly HttpListener listener = new();
        private readonly List<JsonNode> events = [];
        private readonly Task work;

        public Receiver(string url)
        {
            listener.Prefixes.Add(url);
            listener.Start();
            work = Task.Run(async () =>
            {
                while (true)
                {
                    HttpListenerContext context;
                    try
                    {
                        context = await listener.GetContextAsync();
                    }
                    catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                    {
                        return;
                    }
                    await using var body = new GZipStream(context.Request.InputStream, CompressionMode.Decompress);
                    events.AddRange((await JsonNode.ParseAsync(body))!.AsArray()!);
                    context.Response.Close();
                }
            });
        }

        public async Task<JsonNode[]> StopAsync()
        {
            listener.Stop();
            await work;
            return [.. events];
        }

        public void Dispose() => listener.Close();
    }
}
