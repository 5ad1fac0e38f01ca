using System.Text.Json.Nodes;
using Serilog;

namespace SparkTrain.Telemetry.Tests;

/// <summary>The page for Prometheus, by hand.</summary>
public sealed class MetricsGaugeTests
{
    [Fact]
    public void The_newest_numbers_are_gauges_with_the_layer_or_the_name_as_a_label()
    {
        var gauge = new MetricsGauge("a\"b\\c");
        using var log = new LoggerConfiguration().MinimumLevel.Debug().WriteTo.Sink(gauge).CreateLogger();
        Publish(log, 4, """{"loss":9,"val_loss":3.5}""");
        Publish(log, 5, """{"loss":2.5,"kept":[51.5,null,7],"source tokens":{"x y":12},"lr":"NaN","mfu":null}""");
        log.Information("a line with {Metrics}", 3);
        Assert.Equal("""
            # TYPE sparktrain_kept gauge
            sparktrain_kept{run="a\"b\\c",layer="0"} 51.5
            sparktrain_kept{run="a\"b\\c",layer="2"} 7
            # TYPE sparktrain_loss gauge
            sparktrain_loss{run="a\"b\\c"} 2.5
            # TYPE sparktrain_source_tokens gauge
            sparktrain_source_tokens{run="a\"b\\c",key="x y"} 12
            # TYPE sparktrain_step gauge
            sparktrain_step{run="a\"b\\c"} 5
            # TYPE sparktrain_val_loss gauge
            sparktrain_val_loss{run="a\"b\\c"} 3.5

            """.ReplaceLineEndings("\n"), gauge.Write());
    }

    private static void Publish(ILogger log, long step, string metrics) =>
        log.ForContext(new EventProperties(RunEvent.OfKind(RunEvent.Metrics), JsonProperty.Of(RunEvent.Metrics, JsonNode.Parse(metrics)))).Debug("metrics of step {Step}", step);
}
