using Serilog;
using Serilog.Core;
using Serilog.Events;
using SparkTrain.Support;

namespace SparkTrain.Telemetry.Tests;

/// <summary>A journal in a folder of its own, and a log that writes into it.</summary>
internal sealed class TestRun : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public string Journal => Path.Combine(folder, "log", "events.jsonl");

    public string Folder => folder;

    public Logger Open(out EventJournal journal)
    {
        journal = new(Journal);
        return new LoggerConfiguration().MinimumLevel.Debug().Enrich.WithProperty(RunEvent.Run, "test").Enrich.WithProperty(RunEvent.RunId, journal.RunId).WriteTo.Sink(journal).CreateLogger();
    }

    public void Write(int events, int from = 0)
    {
        using var log = Open(out _);
        for (int step = from; step < from + events; step++) Metrics(log, step, 10.0 / (step + 1));
    }

    public static void Metrics(ILogger log, long step, double loss) =>
        log.ForContext(new EventProperties(RunEvent.OfKind(RunEvent.Metrics), new LogEventProperty(RunEvent.Metrics, new StructureValue([new("loss", new ScalarValue(loss))])))).Debug("metrics of step {Step}", step);

    public void Dispose() => folder.Dispose();
}
