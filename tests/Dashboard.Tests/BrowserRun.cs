using System.Diagnostics;
using System.Text.Json.Nodes;
using static SparkTrain.Dashboard.Tests.TestStore;

namespace SparkTrain.Dashboard.Tests;

/// <summary>One run of all scenarios of page.mjs in headless Chromium, against three dashboards with known runs.</summary>
public sealed class BrowserRun : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>What each scenario said.</summary>
    public string Output { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "SparkTrain.sln"))) root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("SparkTrain.sln is not above the tests");
        string playwright = Path.Combine(root, "artifacts/peers/node_modules/playwright-core");
        await using var server = await TestServer.StartAsync();
        await using var closed = await TestServer.StartAsync(new() { Token = new("0123456789abcdef") });
        await using var many = await TestServer.StartAsync();
        await server.PostAsync(Events());
        await many.PostAsync(Enumerable.Range(0, 1050).Select(i => Metrics($"r{i}", i, $$"""{"loss":{{i}}}""")));
        closed.Server.Ingest(Batch(Metrics("secret", 1, """{"loss":1}""")).AsSpan()[1..^1]);
        string screenshots = Directory.CreateDirectory(Path.Combine(root, "artifacts/dashboard")).FullName;
        using var node = Process.Start(new ProcessStartInfo("node", [Path.Combine(AppContext.BaseDirectory, "page.mjs"), playwright, server.Server.Address.ToString(), closed.Server.Address.ToString(), many.Server.Address.ToString(), screenshots])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (output, errors) = (node.StandardOutput.ReadToEndAsync(), node.StandardError.ReadToEndAsync());
        try
        {
            await node.WaitForExitAsync().WaitAsync(Limit);
        }
        catch (TimeoutException)
        {
            node.Kill(entireProcessTree: true);
        }
        Output = await output + await errors;
    }

    public ValueTask DisposeAsync() => default;

    private static List<JsonObject> Events()
    {
        var events = new List<JsonObject>
        {
            Event("""{"Run":"alpha","Kind":"RunStarted","Config":{"Lr":0.1,"Seed":1},"Command":"train","Step":0}"""),
            Event("""{"Run":"beta","Kind":"RunStarted","Config":{"Lr":0.2,"Seed":1},"Command":"train","Step":0}"""),
            Event("""{"Run":"<img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>"}""", text: "<script>window.hacked=1</script>"),
            Event("""{"Run":"alpha"}""", 5, "a warning", "Warning"),
            Event("""{"Run":"alpha","Kind":"Sample","Step":10,"Prompt":"Once upon","Text":" a time"}""", 10),
            Event("""{"Run":"alpha","Kind":"Checkpoint","Step":10,"Path":"/c/10","Bytes":2000000,"Seconds":1.5}""", 11),
            Event("""{"Run":"alpha","Kind":"Sample","Step":20,"Prompt":"Once upon","Text":" a night\n  <b>long</b>"}""", 20),
            Event($$"""{"Run":"alpha","Kind":"Sample","Step":20,"Prompt":"The end","Text":"{{new string('z', 3000)}}"}""", 20),
            Event("""{"Run":"beta","Kind":"Sample","Step":20,"Prompt":"Once upon","Text":" a day"}""", 21),
            Metrics("live", 1, """{"loss":5}"""),
            Metrics("..", 1, """{"loss":1.5}"""),
            Metrics("doomed", 1, """{"loss":1.5}"""),
        };
        for (int i = 0; i < 100; i++)
        {
            string loss = FormattableString.Invariant($"{2 - i / 100.0:F2}");
            events.Add(Metrics("alpha", i, $$"""{"loss":{{loss}},"lr":0.0003,"grad_norm":1,"tokens":{{i * 64}},"system":{"cpu":0.5},"mine/own":3,"ffn_active_fraction":0.1,"ffn_active_fraction_by_layer":[0.1,0.2,{{(i == 0 ? "0.3" : FormattableString.Invariant($"{i * 0.01:F2}"))}}]}"""));
            events.Add(Metrics("beta", i, $$"""{"loss":{{loss.Replace("1.", "2.", StringComparison.Ordinal)}}}"""));
        }
        for (int i = 0; i < 5000; i++) events.Add(Metrics("long", i + 1, $$"""{"loss":{{i + 1}},"tokens":{{(i + 1) * 64}},"f":[{{i}},1]}"""));
        foreach (var (step, loss) in ((long, string)[])[(1, "100"), (2, "-1"), (3, "0"), (4, "0.01")]) events.Add(Metrics("signs", step, $$"""{"loss":{{loss}}}"""));
        return events;
    }
}
