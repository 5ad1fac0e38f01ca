using System.Text.Json.Nodes;
using Serilog;
using SparkTrain.Launcher.Watching;
using SparkTrain.Telemetry;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Tests.Watching;

public sealed class TrainingPanelTests
{
    [Fact]
    public void It_shows_how_far_a_run_is_its_losses_and_its_layers_and_goes_at_the_end()
    {
        using var output = new StringWriter();
        var terminal = new Terminal(name => name == "TERM" ? "xterm" : null, false, output, TextWriter.Null, () => (200, 50));
        using (var log = new LoggerConfiguration().MinimumLevel.Debug().WriteTo.Sink(new TrainingPanel(terminal, "tiny", 40)).CreateLogger())
        {
            Numbers(log, 0, """{"val_loss":5.5}""");
            Assert.EndsWith("\ntiny  ░░░░░░░░░░░░░░░░░░░░░░░░ 0.0 %  step 0 of 40\n", "\n" + output, StringComparison.Ordinal);
            Numbers(log, 9, """{"loss":4}""");
            log.Information(TrainEvents.Step, 10, 40, 3.0, 1.0, 1e-3, 1.0, 1234.0, 0.5, 0.1, 7.5, 0.0, "42s");
            Numbers(log, 10, """{"loss":3,"tokens_per_second":1234,"mfu":0.5,"ffn_active_fraction_by_layer":[0.08,0.1],"attention_kept_by_layer":[8,6]}""");
            string[] lines = output.ToString().Split('\n')[^4..^1];
            Assert.EndsWith("tiny  ██████░░░░░░░░░░░░░░░░░░ 25.0 %  step 10 of 40, 42s left", lines[0], StringComparison.Ordinal);
            Assert.Equal($"loss   3.000  {"█▁",-40}  validation 5.500  1,234 tok/s  mfu 50.0 %", lines[1].TrimEnd());
            Assert.Equal("by layer: active FFN units ▁█ 9.0 %  keys kept █▁ 7.0", lines[2]);
            // A validation sends a step again: its loss is one point all the same.
            Numbers(log, 10, """{"loss":3,"val_loss":2.5}""");
            Assert.Contains($"loss   3.000  {"█▁",-40}  validation 2.500", output.ToString(), StringComparison.Ordinal);
        }
        Assert.EndsWith("\e[J", output.ToString(), StringComparison.Ordinal);
    }

    private static void Numbers(ILogger log, long step, string json) =>
        log.ForContext(new EventProperties(RunEvent.OfKind(RunEvent.Metrics), JsonProperty.Of(RunEvent.Metrics, JsonNode.Parse(json)))).Debug(TrainEvents.Metrics, step);

    [Theory, InlineData("--set", "--set"), InlineData("Run.Name=a", "Run.Name=a"), InlineData("", "''"), InlineData("a b", "'a b'"), InlineData("it's", "'it'\\''s'"), InlineData("$HOME;ls", "'$HOME;ls'")]
    public void A_command_is_written_as_a_shell_reads_it(string argument, string written) => Assert.Equal(written, ThisProcess.Quoted(argument));
}
