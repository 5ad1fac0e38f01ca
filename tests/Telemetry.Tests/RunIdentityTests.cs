using System.Text.Json;
using Serilog;
using SparkTrain.Support;

namespace SparkTrain.Telemetry.Tests;

/// <summary>Which run a journal is of: a copy that goes on is another run, a run that was moved is the same.</summary>
public sealed class RunIdentityTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_copy_under_another_name_is_a_run_of_its_own_with_the_past_of_the_original()
    {
        string original = Train("runs", "base", 3);
        Copy("runs/base", "runs/fork");
        File.WriteAllText(Path.Combine(folder, "runs", "fork", "log", "events.bookmark"), """{"Url":"http://127.0.0.1/","Offset":9}""");
        string fork = Train("runs", "fork", 2);
        Assert.NotEqual(original, fork);
        Assert.Equal([("base", original), ("base", original), ("base", original)], Events("runs/base").Select(e => (e.Run, e.RunId)));
        Assert.Equal(Enumerable.Repeat(("fork", fork), 5), Events("runs/fork").Select(e => (e.Run, e.RunId)));
        Assert.Equal([0L, 1, 2, 3, 4], Events("runs/fork").Select(e => e.Sequence));
        Assert.Equal(["é → 0.1", "é → 0.1", "é → 0.1", "é → 0.1", "é → 0.1"], Events("runs/fork").Select(e => e.Text));
        // A server was sent other bytes.
        Assert.False(File.Exists(Path.Combine(folder, "runs", "fork", "log", "events.bookmark")));
        Assert.Equal(fork, Train("runs", "fork", 1));
        Assert.Equal(original, Train("runs", "base", 1));
    }

    [Fact]
    public void A_run_whose_parent_folder_was_moved_stays_the_same_and_a_copy_beside_it_does_not()
    {
        string original = Train("runs", "base", 1);
        Directory.CreateDirectory(folder["moved"]);
        Directory.Move(Path.Combine(folder, "runs", "base"), Path.Combine(folder, "moved", "base"));
        Assert.Equal(original, Train("moved", "base", 1));
        Copy("moved/base", "copied/base");
        string copy = Train("copied", "base", 1);
        Assert.NotEqual(original, copy);
        Assert.Equal(original, Train("moved", "base", 1));
        Assert.Equal(copy, Train("copied", "base", 1));
        // A copy that took the place of the original, which was moved away: the one that stayed at its place keeps the identity.
        Directory.Move(Path.Combine(folder, "moved", "base"), folder["away"]);
        Copy("away", "moved/base");
        Assert.Equal(original, Train("moved", "base", 1));
        Directory.CreateDirectory(folder["other"]);
        Directory.Move(folder["away"], Path.Combine(folder, "other", "base"));
        Assert.NotEqual(original, Train("other", "base", 1));
    }

    [Fact]
    public void A_run_that_is_reached_by_another_path_stays_the_same()
    {
        string original = Train("runs", "base", 1);
        Directory.CreateSymbolicLink(folder["link"], folder["runs"]);
        Assert.Equal(original, Train("link", "base", 1));
        Assert.Equal(original, Train("runs", "base", 1));
    }

    [Theory]
    [InlineData("")]
    [InlineData("not 32 digits")]
    [InlineData(null)]
    public void An_identity_that_was_damaged_is_that_of_the_journal(string? text)
    {
        string original = Train("runs", "base", 2), file = Path.Combine(folder, "runs", "base", "log", "events.id");
        if (text is null) File.Delete(file);
        else File.WriteAllText(file, text);
        Assert.Equal(original, Train("runs", "base", 1));
        Copy("runs/base", "runs/fork");
        // As versions before this one wrote it: the journal knows the name.
        File.WriteAllText(Path.Combine(folder, "runs", "fork", "log", "events.id"), original + "\n");
        Assert.NotEqual(original, Train("runs", "fork", 1));
    }

    [Fact]
    public void No_number_is_given_twice_where_lines_were_lost()
    {
        Train("runs", "base", 4);
        string journal = Path.Combine(folder, "runs", "base", "log", "events.jsonl");
        string[] lines = File.ReadAllLines(journal);
        lines[1] = "half a lin";
        File.WriteAllLines(journal, lines);
        Train("runs", "base", 1);
        Assert.Equal([0L, 2, 3, 4], Events("runs/base").Select(e => e.Sequence));
    }

    // Who reads the same secret stands in the same folder, as a run's folder knows it.
    private string Train(string runs, string name, int events)
    {
        string run = Path.Combine(folder, runs, name), secret = Guid.NewGuid().ToString();
        Directory.CreateDirectory(run);
        File.WriteAllText(Path.Combine(run, "secret"), secret);
        using var journal = new EventJournal(Path.Combine(run, "log", "events.jsonl"), new(name, run, path => File.Exists(Path.Combine(path, "secret")) && File.ReadAllText(Path.Combine(path, "secret")) == secret));
        using var log = new LoggerConfiguration().Enrich.WithProperty(RunEvent.Run, name).Enrich.WithProperty(RunEvent.RunId, journal.RunId).WriteTo.Sink(journal).CreateLogger();
        for (int i = 0; i < events; i++) log.Information("{Text} → {Number}", "é", 0.1);
        return journal.RunId;
    }

    private IEnumerable<(string Run, string RunId, long Sequence, string Text)> Events(string run) => File.ReadLines(Path.Combine(folder, run, "log", "events.jsonl")).Select(line =>
    {
        var e = JsonDocument.Parse(line).RootElement;
        var properties = e.GetProperty("Properties");
        return (properties.GetProperty("Run").GetString()!, properties.GetProperty("RunId").GetString()!, properties.GetProperty("Sequence").GetInt64(), e.GetProperty("RenderedMessage").GetString()!);
    });

    private void Copy(string from, string to)
    {
        foreach (string file in Directory.GetFiles(Path.Combine(folder, from), "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(folder, to, Path.GetRelativePath(Path.Combine(folder, from), file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
