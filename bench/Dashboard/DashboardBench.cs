using System.Diagnostics;
using System.Net;
using SparkTrain.Dashboard;

namespace SparkTrain.Bench;

/// <summary>
/// The dashboard with many points: how fast it takes in events over HTTP, and how long the page's requests take against the same questions as plain SQL over the table of points, in
/// this process and without HTTP and JSON.
/// </summary>
internal static class DashboardBench
{
    /// <summary>Runs it, with settings such as <c>points=10000000 runs=1000</c>.</summary>
    public static int Run(string[] arguments)
    {
        var settings = new Settings(arguments);
        string folder = Directory.CreateTempSubdirectory("dashboard-bench").FullName;
        try
        {
            MeasureAsync(Path.Combine(folder, "bench.db"), new(settings.Int("points", 10_000_000), settings.Int("runs", 1000)), settings.Int("rounds", 5), settings["playwright", "artifacts/peers/node_modules/playwright-core"]).GetAwaiter().GetResult();
        }
        finally
        {
            Directory.Delete(folder, true);
        }
        return 0;
    }

    private static async Task MeasureAsync(string file, DashboardLoad load, int rounds, string playwright)
    {
        await using var server = await DashboardServer.StartAsync(new() { Address = new(IPAddress.Loopback, 0), Database = file });
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = server.Address };
        await IngestAsync(client, load);
        Console.WriteLine(FormattableString.Invariant($"database: {new FileInfo(file).Length / 1e6:N0} MB, {new FileInfo(file).Length / (double)load.Points:F0} bytes a point"));
        using var plain = new PlainQueries(file);
        string once = DashboardLoad.LongRun;
        Compare("list of runs", "/api/runs", plain.Runs);
        Compare(FormattableString.Invariant($"curve of {load.LongSteps:N0} steps"), $"/api/series?run={once}&key=loss&max=600", () => plain.Series(once, "loss", 0, load.LongSteps, 600));
        Compare("a tenth of it", $"/api/series?run={once}&key=loss&max=600&from={load.LongSteps / 2}&to={load.LongSteps * 6 / 10}", () => plain.Series(once, "loss", load.LongSteps / 2, load.LongSteps * 6 / 10, 600));
        Compare("a hundredth of it", $"/api/series?run={once}&key=loss&max=600&from={load.LongSteps / 2}&to={load.LongSteps * 51 / 100}", () => plain.Series(once, "loss", load.LongSteps / 2, load.LongSteps * 51 / 100, 600));
        string[] runs = [.. Enumerable.Range(1, Math.Min(5, load.Runs - 1)).Select(DashboardLoad.Name)];
        string[] keys = [.. DashboardLoad.Keys];
        string query = string.Join('&', runs.Select(run => "run=" + run).Concat(keys.Select(key => "key=" + key)));
        Compare($"all {keys.Length} curves of {runs.Length} runs", $"/api/series?{query}&max=600", () =>
        {
            foreach (string run in runs)
                foreach (string key in keys) plain.Series(run, key, 0, load.ShortSteps, 600);
        });
        Compare($"heat map of {DashboardLoad.Layers} layers", $"/api/layers?run={DashboardLoad.LayerRun}&key=active&max=300", () =>
        {
            for (int layer = 0; layer < DashboardLoad.Layers; layer++) plain.Series(DashboardLoad.LayerRun, $"active[{layer}]", 0, load.LayerSteps, 300);
        });
        if (Directory.Exists(playwright)) await new PageBench(Path.GetFullPath(playwright), rounds).RunAsync(server.Address, Path.GetDirectoryName(file)!);
        else Console.WriteLine($"page: not measured, {playwright} is missing; scripts/install-peers.sh makes it");

        void Compare(string title, string path, Action sql) =>
            RoundRobin.Compare(title, rounds, ("dashboard, over HTTP", () => client.GetByteArrayAsync(path).GetAwaiter().GetResult()), ("plain SQL over the points", sql));
    }

    // Bodies are made outside the time that counts.
    private static async Task IngestAsync(HttpClient client, DashboardLoad load)
    {
        var watch = new Stopwatch();
        var (points, bytes) = (0L, 0L);
        foreach (var (body, count) in load.Bodies())
        {
            using var content = new ByteArrayContent(body);
            watch.Start();
            using var response = await client.PostAsync("/api/events", content);
            watch.Stop();
            response.EnsureSuccessStatusCode();
            (points, bytes) = (points + count, bytes + body.Length);
        }
        Console.WriteLine(FormattableString.Invariant($"ingest: {points:N0} points in {load.Runs:N0} runs, {bytes / 1e6:N0} MB of JSON, {watch.Elapsed.TotalSeconds:F1} s: {points / watch.Elapsed.TotalSeconds:N0} points/s"));
    }
}
