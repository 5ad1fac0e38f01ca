using System.Text.Json;

namespace SparkTrain.Telemetry.Tests;

/// <summary>What the journal keeps, over the ends of processes.</summary>
public sealed class EventJournalTests
{
    [Fact]
    public void A_run_that_goes_on_counts_on_and_stays_the_same_run()
    {
        using var run = new TestRun();
        run.Write(3);
        string id = File.ReadAllText(Path.ChangeExtension(run.Journal, ".id")).Trim();
        run.Write(2);
        var properties = File.ReadLines(run.Journal).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("Properties")).ToArray();
        Assert.Equal([0L, 1, 2, 3, 4], properties.Select(p => p.GetProperty("Sequence").GetInt64()));
        Assert.All(properties, p => Assert.Equal(id, p.GetProperty("RunId").GetString()));
        Assert.Matches("^[0-9a-f]{32}$", id);
    }

    [Fact]
    public void A_line_that_was_cut_off_is_dropped_and_its_number_given_again()
    {
        using var run = new TestRun();
        run.Write(3);
        using (var file = File.OpenWrite(run.Journal)) file.SetLength(file.Length - 10);
        run.Write(1, from: 7);
        Assert.Equal(["metrics of step 0", "metrics of step 1", "metrics of step 7"], File.ReadLines(run.Journal).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("RenderedMessage").GetString()));
        Assert.Equal([0L, 1, 2], File.ReadLines(run.Journal).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("Properties").GetProperty("Sequence").GetInt64()));
    }
}
