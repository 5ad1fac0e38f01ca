using System.Text;
using System.Text.Json.Nodes;
using SparkTrain.Dashboard;
using SparkTrain.Launcher.Runs;
using SparkTrain.Support;

namespace SparkTrain.Launcher.Tests.Runs;

/// <summary>Whatever a file of a run has become, the other runs are listed, and the damaged one is told of with the file that is at fault.</summary>
public sealed class DamagedRunTests(SmallRun small) : IClassFixture<SmallRun>, IDisposable
{
    private static readonly (string How, Action<string> Damage)[] Damages =
    [
        ("emptied", path => File.WriteAllBytes(path, [])),
        ("cut", path => File.WriteAllBytes(path, File.ReadAllBytes(path)[..(int)(new FileInfo(path).Length / 2)])),
        ("garbage", path => File.WriteAllBytes(path, [.. Enumerable.Range(0, 300).Select(i => (byte)(i * 167 + 13))])),
        ("zeros", path => File.WriteAllBytes(path, new byte[300])),
        ("a list", path => File.WriteAllText(path, "[]\n[1]\n[]\n")),
        ("a text", path => File.WriteAllText(path, "\"text\"\n\"text\"\n3\n")),
        ("null", path => File.WriteAllText(path, "null\nnull\n")),
        ("an empty object", path => File.WriteAllText(path, "{}\n{}\n{}\n")),
        ("other types", path => File.WriteAllText(path, string.Concat(Enumerable.Repeat("""{"step":"x","status":7,"Training":[],"Timestamp":{},"Properties":3,"prompt":null,"text":[]}""" + "\n", 3)))),
        ("names twice", path => File.WriteAllText(path, """{"Training":{"Steps":4,"Steps":4},"status":"complete","status":"complete","step":1,"step":1,"tokens":1}""" + "\n")),
        ("half a character", path => File.WriteAllText(path, string.Concat(Enumerable.Repeat("""{"step":1,"tokens":1,"status":"\ud800","\udc00x":"\ud83d","Training":{"Steps":4,"\ud800":1},"prompt":"\ud800","text":"a\udfff","source_tokens":{"\ud800":1},"Properties":{"Run":"\ud800","RunId":"\udc00"}}""" + "\n", 2)))),
        ("not UTF-8", path => File.WriteAllBytes(path, [.. Encoding.Latin1.GetBytes("""{"Training":{"Steps":4},"Run":{"Name":"Ã¼ÿþ"},"step":4,"tokens":9,"status":"completeü","prompt":"é","text":"ß"}""" + "\n"), 0xff, 0xfe, (byte)'\n'])),
        ("UTF-16", path => File.WriteAllText(path, File.ReadAllText(path), Encoding.Unicode)),
        ("deep", path => File.WriteAllText(path, new string('[', 5000) + "\n" + new string('{', 5000) + "\n")),
        ("extreme numbers", path => File.WriteAllText(path, """{"step":9223372036854775807,"tokens":-1,"loss":1e308,"step_seconds":"NaN","tokens_per_second":-1e308,"ffn_active_fraction_by_layer":[1e308,"NaN",-1],"attention_kept_by_layer":[],"status":"stopped","ended":"9999-12-31T23:59:59.9999999Z","Training":{"Steps":9223372036854775807},"prompt":"","text":""}""" + "\n")),
        ("a folder", path =>
        {
            File.Delete(path);
            Directory.CreateDirectory(path);
        }),
        ("a pipe", path =>
        {
            File.Delete(path);
            Assert.Equal(0, Started.Run("mkfifo", path).ExitCode);
        }),
        ("a device", path =>
        {
            File.Delete(path);
            File.CreateSymbolicLink(path, "/dev/zero");
        }),
        ("missing", File.Delete),
    ];

    private static readonly string[] Read = ["config.json", "metrics.jsonl", "generated.jsonl", "report.json"];

    private readonly TemporaryFolder runs = new();

    public void Dispose() => runs.Dispose();

    public static TheoryData<string> Hows => [.. Damages.Select(damage => damage.How)];

    [Theory, MemberData(nameof(Hows))]
    public void Every_verb_goes_on_whichever_file_is(string how)
    {
        SmallRun.Copy(small.Good, runs["good"]);
        string[] files = [.. Directory.GetFiles(small.Good, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(small.Good, file))];
        Assert.Contains("config.json", files);
        Assert.Contains(Path.Combine("log", "events.jsonl"), files);
        // Each file that these verbs or inspect read; the others all at once.
        foreach (var group in files.GroupBy(file => Read.Contains(file) || file.StartsWith("checkpoints", StringComparison.Ordinal) ? file : ""))
        {
            string bad = runs["bad"], file = group.Key, path = Path.Combine(bad, file);
            SmallRun.Copy(small.Good, bad);
            foreach (string each in group) Damages.Single(damage => damage.How == how).Damage(Path.Combine(bad, each));
            if (file.StartsWith("checkpoints", StringComparison.Ordinal)) RequireInspected(bad, $"{file}, {how}");
            var (code, output, error) = Run("runs", "ls", runs);
            Assert.True(code == 0 && output.Contains("good  complete", StringComparison.Ordinal), $"{file}, {how}: {code}\n{output}{error}");
            Assert.Equal(3, output.TrimEnd('\n').Split('\n').Length);
            RequireFitting(file, path, error);
            if (Read.Contains(file) || file.Length == 0) RequireShown(bad, file, how);
            Directory.Delete(bad, recursive: true);
        }
    }

    [Theory]
    [InlineData("report.json", "emptied")]
    [InlineData("report.json", "cut")]
    [InlineData("report.json", "half a character")]
    [InlineData("config.json", "emptied")]
    [InlineData("config.json", "garbage")]
    [InlineData("config.json", "missing")]
    [InlineData("config.json", "names twice")]
    [InlineData("metrics.jsonl", "garbage")]
    [InlineData("metrics.jsonl", "a folder")]
    public void The_file_at_fault_is_named(string file, string how)
    {
        string bad = runs["bad"];
        SmallRun.Copy(small.Good, runs["good"]);
        SmallRun.Copy(small.Good, bad);
        Damages.Single(damage => damage.How == how).Damage(Path.Combine(bad, file));
        var (_, output, error) = Run("runs", "ls", runs);
        Assert.Contains("bad   damaged", output, StringComparison.Ordinal);
        Assert.StartsWith($"warning: {Path.Combine(bad, file)}: ", error, StringComparison.Ordinal);
        Assert.Matches(@"\n  expected: .+\n  do: .+\n$", error);
        Assert.Equal(file == "config.json" ? 4 : 0, Run("runs", "diff", bad, runs["good"]).ExitCode);
    }

    [Theory]
    [InlineData("run.lock")]
    [InlineData("run.id")]
    [InlineData("metrics.jsonl")]
    [InlineData("log/events.jsonl")]
    [InlineData("log/events.id")]
    public void Training_names_a_pipe_in_place_of_a_file_and_does_not_wait_for_it(string file)
    {
        string bad = runs["bad"], path = Path.Combine(bad, file);
        SmallRun.Copy(small.Good, bad);
        Damages.Single(damage => damage.How == "a pipe").Damage(path);
        var (code, _, error) = LauncherProcess.Run($"--config {small.Folder}/small.json --set Data.Folder={small.Folder}/data --set Run.Folder={runs} --set Run.Name=bad --set Training.Steps=6");
        Assert.True(code == 4, error);
        Assert.Contains($"{path} is a pipe, not a regular file", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Prepare_names_a_pipe_among_its_sources()
    {
        string path = runs["text.jsonl"];
        Damages.Single(damage => damage.How == "a pipe").Damage(path);
        var (code, _, error) = Run("prepare", runs, "--output", runs["data"]);
        Assert.True(code == 3 && error.Contains($"{path} is a pipe, not a regular file", StringComparison.Ordinal), error);
    }

    [Fact]
    public void Lines_that_are_no_steps_are_counted_and_one_that_is_half_written_is_none_of_them()
    {
        string bad = runs["bad"], metrics = Path.Combine(bad, "metrics.jsonl");
        SmallRun.Copy(small.Good, bad);
        File.AppendAllText(metrics, "{\"step\":5,\"tok");
        Assert.Equal("", Run("runs", "ls", runs).Error);
        File.AppendAllText(metrics, "\nxyz\n{\"step\":4,\"tokens\":128,\"loss\":2}\n");
        var (_, output, error) = Run("runs", "ls", runs);
        Assert.Contains($"{metrics}: 2 of its lines cannot be read, the first is line 6.", error, StringComparison.Ordinal);
        Assert.Contains("2.0000", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dashboard_shows_the_other_runs_whatever_has_become_of_a_journal()
    {
        await using var server = await DashboardServer.StartAsync(new() { Address = new(System.Net.IPAddress.Loopback, 0), Database = runs["dashboard.db"] });
        foreach (var (how, damage) in Damages)
        {
            string bad = Path.Combine(runs, how.Replace(' ', '-'));
            SmallRun.Copy(small.Good, bad);
            damage(Path.Combine(bad, "log", "events.jsonl"));
        }
        SmallRun.Copy(small.Good, runs["zz-good"]);
        var error = new StringWriter();
        using var stop = new CancellationTokenSource();
        var feed = new RunsFeed(server, runs, new Terminal(_ => null, isOutputRedirected: true, TextWriter.Null, error)).RunAsync(stop.Token);
        using var client = new HttpClient { BaseAddress = server.Address };
        JsonArray shown = [];
        for (var end = DateTime.UtcNow.AddSeconds(30); shown.Count == 0 && DateTime.UtcNow < end; await Task.Delay(50, TestContext.Current.CancellationToken))
            shown = JsonNode.Parse(await client.GetStringAsync("/api/runs", TestContext.Current.CancellationToken)) is { } answer ? answer as JsonArray ?? answer["runs"]!.AsArray() : [];
        await stop.CancelAsync();
        await feed;
        Assert.Contains(shown, run => run!["name"]!.GetValue<string>() == "good" && run["lastStep"]!.GetValue<long>() == 4);
        string told = error.ToString();
        foreach (string how in (string[])["garbage", "a-list", "other-types", "half-a-character", "a-folder", "a-pipe", "a-device", "missing", "deep"]) Assert.Contains($"warning: {Path.Combine(runs, how, "log", "events.jsonl")}: ", told, StringComparison.Ordinal);
        Assert.DoesNotContain("zz-good", told, StringComparison.Ordinal);
    }

    // Checkpoints that cannot be used are told of; the run still has others.
    private static void RequireInspected(string run, string what)
    {
        string newest = Directory.GetDirectories(Path.Combine(run, "checkpoints")).Max(StringComparer.Ordinal)!;
        foreach (string[] verb in (string[][])[["inspect", run], ["inspect", run, "--verify"], ["inspect", run, "--json"], ["inspect", newest, "--tensors", "--config"], ["export", run, "--output", run + "-model"]])
        {
            var (code, output, error) = Run(verb);
            Assert.True(code is 0 or 4, $"{what}, {string.Join(' ', verb)}: {code}\n{output}{error}");
            Assert.True(code == 0 || verb.Length > 2, $"{what}, {string.Join(' ', verb)}: {code}\n{output}{error}");
            if (verb.Length == 2) Assert.Contains("step-00000002", output, StringComparison.Ordinal);
        }
        if (Directory.Exists(run + "-model")) Directory.Delete(run + "-model", recursive: true);
    }

    private void RequireShown(string bad, string file, string how)
    {
        Assert.Equal(2, Run("runs", "ls", runs, "--format", "json").Out.TrimEnd('\n').Split('\n').Select(line => JsonNode.Parse(line)!).Count());
        foreach (string[] verb in (string[][])[["show", bad], ["show", bad, "--format", "json"], ["top", bad], ["diff", bad, runs["good"]], ["diff", runs["good"], bad, "--format", "json"]])
        {
            var (code, output, error) = Run(["runs", .. verb]);
            Assert.True(code == 0 || code == 4 && verb[0] == "diff" && file == "config.json", $"{file}, {how}, runs {string.Join(' ', verb)}: {code}\n{output}{error}");
            RequireFitting(file, Path.Combine(bad, file), error);
        }
    }

    private static void RequireFitting(string file, string path, string error)
    {
        // Of what these verbs do not read, nothing is said.
        if (!Read.Contains(file)) Assert.Equal("", error);
        else if (error.Length > 0) Assert.Contains($"{path}: ", error, StringComparison.Ordinal);
    }

    private static (int ExitCode, string Out, string Error) Run(params string[] arguments)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        // What waits for a pipe waits for ever.
        var run = Task.Run(() => CommandLine.Run(arguments, new Terminal(_ => null, isOutputRedirected: true, output, error)));
        int code = Patience.For(run, string.Join(' ', arguments), () => $"{output}{error}").GetAwaiter().GetResult();
        return (code, output.ToString(), error.ToString());
    }
}
