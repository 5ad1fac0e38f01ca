using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using SparkTrain.Dashboard;

namespace SparkTrain.Bench;

/// <summary>How long the page takes in headless Chromium until all of it is drawn, against the same page on a server with the same kinds of runs and few points.</summary>
/// <param name="playwright">The folder of playwright-core, as scripts/install-peers.sh makes it.</param>
/// <param name="rounds">How often each view is opened.</param>
internal sealed class PageBench(string playwright, int rounds)
{
    private static readonly DashboardLoad Few = new(4000, 6);

    private static readonly (string Title, string View)[] Views =
    [
        ("the long curve", $"#run={DashboardLoad.LongRun}"),
        ("all curves of four runs", "#run=run1&run=run2&run=run3&run=run4"),
        ($"heat map of {DashboardLoad.Layers} layers", $"#run={DashboardLoad.LayerRun}&tab=sparsity"),
    ];

    /// <summary>Measures the page of a server.</summary>
    /// <param name="address">The server.</param>
    /// <param name="folder">Where the peer's database is put.</param>
    public async Task RunAsync(Uri address, string folder)
    {
        await using var peer = await DashboardServer.StartAsync(new() { Address = new(IPAddress.Loopback, 0), Database = Path.Combine(folder, "few.db") });
        using (var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = peer.Address })
            foreach (var (body, _) in Few.Bodies())
            {
                using var content = new ByteArrayContent(body);
                (await client.PostAsync("/api/events", content)).EnsureSuccessStatusCode();
            }
        string[] arguments = [Path.Combine(AppContext.BaseDirectory, "dashboard-page.mjs"), playwright, rounds.ToString(CultureInfo.InvariantCulture), address.ToString(), peer.Address.ToString(), .. Views.Select(view => view.View)];
        using var node = Process.Start(new ProcessStartInfo("node", arguments) { RedirectStandardOutput = true })!;
        foreach (var (title, _) in Views)
        {
            if (await node.StandardOutput.ReadLineAsync() is not { } line) throw new InvalidOperationException("the page was not measured: see the message of node above");
            double[][] times = JsonSerializer.Deserialize<double[][]>(line)!;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"page, {title,-32} {RoundRobin.Median(times[0]),6:F0} ms ({times[0].Min():F0} to {times[0].Max():F0}), {RoundRobin.Median(times[0].Zip(times[1], (many, few) => many / few)):F2} x that of {Few.Points:N0} points"));
        }
        await node.WaitForExitAsync();
    }
}
