using System.Text.Json.Nodes;
using SparkTrain.Dashboard;

namespace SparkTrain.Launcher.Tests.Runs;

/// <summary>A run that was copied, and went on under another name, as whoever watches both sees it.</summary>
public sealed class CopiedRunTests(SmallRun small) : IClassFixture<SmallRun>
{
    [Fact]
    public async Task The_original_and_the_copy_are_two_runs_each_with_its_own_curve()
    {
        SmallRun.Copy(small.Good, Path.Combine(small.Runs, "fork"));
        var (code, _, error) = LauncherProcess.Run($"--config {small.Folder}/small.json --set Data.Folder={small.Folder}/data --set Run.Folder={small.Runs} --set Run.Name=fork --set Training.Steps=6 --set LrSchedule.Lr=5e-2 --quiet");
        Assert.True(code == 0, error);
        await using var server = await DashboardServer.StartAsync(new() { Address = new(System.Net.IPAddress.Loopback, 0), Database = Path.Combine(small.Folder, "dashboard.db") });
        foreach (string run in (string[])["good", "fork"]) Assert.Empty(server.Ingest(File.ReadAllBytes(Path.Combine(small.Runs, run, "log", "events.jsonl"))).Refused);
        using var client = new HttpClient { BaseAddress = server.Address };
        var answer = JsonNode.Parse(await client.GetStringAsync("/api/runs", TestContext.Current.CancellationToken))!;
        var runs = (answer as JsonArray ?? answer["runs"]!.AsArray()).ToDictionary(run => run!["name"]!.GetValue<string>(), run => run!);
        Assert.Equal(["fork", "good"], runs.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((4L, 6L), (runs["good"]["lastStep"]!.GetValue<long>(), runs["fork"]["lastStep"]!.GetValue<long>()));
        var (good, fork) = (await Steps("good"), await Steps("fork"));
        Assert.Equal([1L, 2, 3, 4], good);
        Assert.Equal([1L, 2, 3, 4, 5, 6], fork);

        async Task<long[]> Steps(string name)
        {
            var series = JsonNode.Parse(await client.GetStringAsync($"/api/series?run={runs[name]["id"]}&key=loss", TestContext.Current.CancellationToken))!;
            return [.. series["series"]![0]!["steps"]!.AsArray().Select(step => step!.GetValue<long>())];
        }
    }
}
