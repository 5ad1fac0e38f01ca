using System.Text.Json.Nodes;
using Serilog;
using SparkTrain.Tests;

namespace SparkTrain.Telemetry.Tests;

/// <summary>The page for Prometheus, by hand.</summary>
public sealed class MetricsGaugeTests
{
    private static readonly Dictionary<string, MetricDescription> Descriptions = new()
    {
        ["loss"] = new("Nats per \\ token\nof a step."),
        ["bits_per_byte"] = new("Bits.", Name: "loss_bpb"),
        ["source_tokens"] = new("Tokens.", "source"),
        ["system/memory_bytes"] = new("Memory."),
    };

    [Fact]
    public void The_newest_numbers_are_gauges_with_help_each_of_one_unit()
    {
        var gauge = new MetricsGauge("a\"b\\c", Descriptions);
        using var log = new LoggerConfiguration().MinimumLevel.Debug().WriteTo.Sink(gauge).CreateLogger();
        Publish(log, 4, """{"loss":9,"val_loss":3.5}""");
        Publish(log, 5, """{"loss":2.5,"bits_per_byte":0.5,"kept":[51.5,null,7],"source_tokens":{"x y":12,"z/[1]":3},"system":{"cores_busy":1.5,"memory_bytes":1024},"audit":{"ffn":{"recall":[0.25]},"odd name!":1},"lr":"NaN","mfu":null}""");
        log.Information("a line with {Metrics}", 3);
        Assert.Equal("""
            # HELP sparktrain_audit_ffn_recall The number audit/ffn/recall of a step.
            # TYPE sparktrain_audit_ffn_recall gauge
            sparktrain_audit_ffn_recall{run="a\"b\\c",layer="0"} 0.25
            # HELP sparktrain_audit_odd_name_ The number audit/odd name! of a step.
            # TYPE sparktrain_audit_odd_name_ gauge
            sparktrain_audit_odd_name_{run="a\"b\\c"} 1
            # HELP sparktrain_kept The number kept of a step.
            # TYPE sparktrain_kept gauge
            sparktrain_kept{run="a\"b\\c",layer="0"} 51.5
            sparktrain_kept{run="a\"b\\c",layer="2"} 7
            # HELP sparktrain_loss Nats per \\ token\nof a step.
            # TYPE sparktrain_loss gauge
            sparktrain_loss{run="a\"b\\c"} 2.5
            # HELP sparktrain_loss_bpb Bits.
            # TYPE sparktrain_loss_bpb gauge
            sparktrain_loss_bpb{run="a\"b\\c"} 0.5
            # HELP sparktrain_source_tokens Tokens.
            # TYPE sparktrain_source_tokens gauge
            sparktrain_source_tokens{run="a\"b\\c",source="x y"} 12
            sparktrain_source_tokens{run="a\"b\\c",source="z/[1]"} 3
            # HELP sparktrain_step The number step of a step.
            # TYPE sparktrain_step gauge
            sparktrain_step{run="a\"b\\c"} 5
            # HELP sparktrain_system_cores_busy The number system/cores_busy of a step.
            # TYPE sparktrain_system_cores_busy gauge
            sparktrain_system_cores_busy{run="a\"b\\c"} 1.5
            # HELP sparktrain_system_memory_bytes Memory.
            # TYPE sparktrain_system_memory_bytes gauge
            sparktrain_system_memory_bytes{run="a\"b\\c"} 1024
            # HELP sparktrain_val_loss The number val_loss of a step.
            # TYPE sparktrain_val_loss gauge
            sparktrain_val_loss{run="a\"b\\c"} 3.5

            """.ReplaceLineEndings("\n"), gauge.Write());
        Assert.Equal(12, PrometheusText.Read(gauge.Write()).Count);
    }

    private static void Publish(ILogger log, long step, string metrics) =>
        log.ForContext(new EventProperties(RunEvent.OfKind(RunEvent.Metrics), JsonProperty.Of(RunEvent.Metrics, JsonNode.Parse(metrics)))).Debug("metrics of step {Step}", step);
}
