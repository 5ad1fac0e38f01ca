using System.Text.Json.Nodes;
using SparkTrain.Support;

namespace SparkTrain.Launcher.Tests.Runs;

/// <summary>The verb <c>runs</c> on folders as training leaves them.</summary>
public sealed class RunsCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Ls_lists_the_newest_first_with_status_and_numbers()
    {
        Make("old", 0.003, "complete", age: TimeSpan.FromDays(3));
        Make("new", 0.001, null, age: TimeSpan.FromMinutes(5));
        Directory.CreateDirectory(folder["no-run"]);
        var (code, output, _) = LauncherProcess.Run($"runs ls {folder}");
        Assert.Equal(0, code);
        Assert.Equal(
        [
            "run  status    step    loss  val loss  tok/s  active  keys  last logged",
            "new  stopped    2/8  2.5000    4.0000  1,234   8.0 %  51.5  5 min ago",
            "old  complete   2/8  2.5000    4.0000  1,234   8.0 %  51.5  3 days ago",
        ], output.TrimEnd('\n').Split('\n'));
        var rows = LauncherProcess.Run($"runs ls {folder} --format json").Out.TrimEnd('\n').Split('\n').Select(line => JsonNode.Parse(line)!).ToArray();
        Assert.Equal([("new", 2.5, 8L), ("old", 2.5, 8L)], rows.Select(row => (row["run"]!.GetValue<string>(), row["loss"]!.GetValue<double>(), row["steps"]!.GetValue<long>())));
    }

    [Fact]
    public void Diff_names_the_keys_that_differ_and_what_came_of_it()
    {
        string[] lines = LauncherProcess.Run($"runs diff {Make("a", 0.003, null)} {Make("b", 0.001, null)}").Out.Split('\n');
        Assert.Contains("LrSchedule.Lr      0.003   0.001", lines);
        Assert.DoesNotContain(lines, line => line.StartsWith("Training", StringComparison.Ordinal));
        Assert.Contains("loss at step 2     2.5000  2.5000", lines);
        Assert.Equal("""{"LrSchedule.Lr":[0.003,0.001]}""", LauncherProcess.Run($"runs diff {folder["a"]} {folder["b"]} --format json").Out.TrimEnd('\n'));
    }

    [Theory, InlineData("show"), InlineData("top")]
    public void A_page_has_curves_and_layers(string verb)
    {
        var (code, output, _) = LauncherProcess.Run($"runs {verb} {Make("a", 0.003, null)}");
        Assert.Equal(0, code);
        Assert.Contains("step 2 of 8  ██████░░░░░░░░░░░░░░░░░░ 25.0 % | 512 tokens", output, StringComparison.Ordinal);
        Assert.Contains("loss                 2.5000  █▁", output, StringComparison.Ordinal);
        Assert.Contains("1        ████████████████████████  8.0 %      52.0", output, StringComparison.Ordinal);
        Assert.EndsWith("\n\nstep 2 writes\nthe  → no\\u001b[2Jrm\nk → eys\n", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', output);
    }

    [Theory]
    [InlineData("ls nowhere", 4, "there is no such folder")]
    [InlineData("show nowhere", 4, "it has no config.json and no metrics.jsonl")]
    [InlineData("sync RUN", 2, "was trained without Logging.Http.Url")]
    [InlineData("sync RUN --url localhost", 2, "an address that begins with http://")]
    [InlineData("sync RUN --url http://127.0.0.1:9/", 4, "the run has no events")]
    public void What_is_wrong_is_said(string arguments, int code, string problem)
    {
        var (actual, _, error) = LauncherProcess.Run($"runs {arguments.Replace("RUN", Make("a", 0.003, null), StringComparison.Ordinal)}");
        Assert.Equal(code, actual);
        Assert.Contains(problem, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "the address to listen on: 0.0.0.0:8090.", "--listen 0.0.0.0:8090")]
    [InlineData(2, "--connections-per-address: 0.\n  expected: a number from 1 to 1024", "--connections-per-address 0")]
    [InlineData(5, "notes.txt: SQLite Error 26: 'file is not a database'.", "--listen 127.0.0.1:0 --database NOTES")]
    public void A_dashboard_that_cannot_be_had_says_why(int code, string problem, string arguments)
    {
        string notes = folder["notes.txt"];
        File.WriteAllText(notes, new string('x', 5000));
        var (actual, _, error) = LauncherProcess.Run($"runs serve {folder} {arguments.Replace("NOTES", notes, StringComparison.Ordinal)}");
        Assert.Equal(code, actual);
        Assert.Contains(problem, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://user:PASSWORD@127.0.0.1:9/api/events", "\"http://…@127.0.0.1:9/api/events\"")]
    [InlineData("http://user:PASS/WORD@127.0.0.1:9/", "\"http://…@127.0.0.1:9/\"")]
    [InlineData("http://127.0.0.1:9/api/events?key=PASSWORD", "\"http://127.0.0.1:9/api/events?…\"")]
    [InlineData("http://127.0.0.1:9/#token=PASSWORD", "\"http://127.0.0.1:9/#…\"")]
    public void An_address_with_a_secret_is_refused_and_not_shown(string url, string shown)
    {
        var (code, output, error) = LauncherProcess.Run($"runs sync {Make("a", 0.003, null)} --url {url}");
        Assert.Equal((2, ""), (code, output));
        Assert.Contains($"--url: it is {shown}.", error, StringComparison.Ordinal);
        Assert.Contains("give a secret by --token-file", error, StringComparison.Ordinal);
        Assert.DoesNotContain("PASS", error, StringComparison.Ordinal);
    }

    // A folder that was copied by any tool: times of files are by chance. A report tells of the run's end as long as nothing was logged behind it.
    [Theory]
    [InlineData("complete", 8L, 8, "complete")]
    [InlineData("complete", null, 8, "complete")]
    [InlineData("complete", 8L, 7, "stopped")]
    [InlineData("complete", 6L, 6, "stopped")]
    [InlineData("stopped", 5L, 4, "stopped")]
    [InlineData("failed", 5L, 4, "failed")]
    [InlineData("failed", 5L, 6, "stopped")]
    [InlineData(null, null, 8, "stopped")]
    public void The_status_follows_what_the_files_say(string? status, long? reported, int logged, string expected)
    {
        foreach (bool isReportNewer in (bool[])[true, false])
        {
            string run = Make($"run-{isReportNewer}", 0.003, status);
            if (reported is not null) File.WriteAllText(Path.Combine(run, "report.json"), $$"""{ "status": "{{status}}", "step": {{reported}}, "ended": "2026-01-02T03:04:05Z" }""");
            File.WriteAllLines(Path.Combine(run, "metrics.jsonl"), Enumerable.Range(1, logged).Select(step => $$"""{"step":{{step}},"tokens":{{256 * step}},"loss":1}"""));
            if (isReportNewer && status is not null) File.SetLastWriteTimeUtc(Path.Combine(run, "report.json"), DateTime.UtcNow.AddHours(1));
            var terminal = new StringWriter();
            Assert.Equal(0, CommandLine.Run(["runs", "show", run, "--format", "json"], new Terminal(_ => null, isOutputRedirected: true, terminal, TextWriter.Null)));
            Assert.Equal(expected, JsonNode.Parse(terminal.ToString())!["status"]!.GetValue<string>());
        }
    }

    private string Make(string name, double lr, string? status, TimeSpan age = default)
    {
        string run = Path.Combine(folder, name), metrics = Path.Combine(run, "metrics.jsonl"), report = Path.Combine(run, "report.json");
        Directory.CreateDirectory(run);
        File.WriteAllText(Path.Combine(run, "config.json"), string.Create(System.Globalization.CultureInfo.InvariantCulture, $$"""{ "Training": { "Steps": 8 }, "LrSchedule": { "Lr": {{lr}} }, "$origins": { "LrSchedule.Lr": "{{name}}.json:3:5" } } // as resolved"""));
        File.WriteAllText(metrics, """
            {"step":1,"tokens":256,"loss":5.5,"tokens_per_second":1000}
            {"step":2,"tokens":512,"loss":2.5,"val_loss":4,"tokens_per_second":1234,"ffn_active_fraction":0.08,"ffn_active_fraction_by_layer":[0.08,0.08],"attention_kept":51.5,"attention_kept_by_layer":[51,52]}

            """);
        File.WriteAllLines(Path.Combine(run, "generated.jsonl"), ["""{"step":1,"prompt":"the ","text":"of"}""", """{"step":2,"prompt":"the ","text":"no\u001b[2Jrm"}""", """{"step":2,"prompt":"k","text":"eys"}"""]);
        if (status is not null) File.WriteAllText(report, $$"""{ "status": "{{status}}" }""");
        foreach (string file in Directory.GetFiles(run)) File.SetLastWriteTimeUtc(file, DateTime.UtcNow - age);
        return run;
    }
}
