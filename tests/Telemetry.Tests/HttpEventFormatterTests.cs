using Serilog.Events;
using Serilog.Parsing;

namespace SparkTrain.Telemetry.Tests;

/// <summary>The wire format of Serilog.Sinks.Http, by hand.</summary>
public sealed class HttpEventFormatterTests
{
    private static readonly DateTimeOffset Time = new(2026, 1, 2, 4, 4, 5, TimeSpan.FromHours(1));

    [Fact]
    public void An_event_has_the_members_of_the_sink() => Assert.Equal(
        """{"Timestamp":"2026-01-02T03:04:05.0000000Z","Level":"Information","MessageTemplate":"step {Step} | loss {Loss:F1}","RenderedMessage":"step 3 | loss 2.5","Properties":{"Step":3,"Loss":2.45,"By":[0.5,null],"Sub":{"a":"x\"y","b":true},"Odd":"NaN"},"Renderings":{"Loss":[{"Format":"F1","Rendering":"2.5"}]}}""",
        Text(new(Time, LogEventLevel.Information, null, new MessageTemplateParser().Parse("step {Step} | loss {Loss:F1}"),
        [
            new("Step", new ScalarValue(3)), new("Loss", new ScalarValue(2.45)), new("By", new SequenceValue([new ScalarValue(0.5), new ScalarValue(null)])),
            new("Sub", new StructureValue([new("a", new ScalarValue("x\"y")), new("b", new ScalarValue(true))])), new("Odd", new ScalarValue(double.NaN)),
        ])));

    [Fact]
    public void Texts_stand_in_the_message_as_people_read_them() => Assert.Contains("\"RenderedMessage\":\"run tiny: the \\\"disk\\\" is full\"",
        Text(new(Time, LogEventLevel.Warning, null, new MessageTemplateParser().Parse("run {Run}: {Problem}"), [new("Run", new ScalarValue("tiny")), new("Problem", new ScalarValue("the \"disk\" is full"))])), StringComparison.Ordinal);

    [Fact]
    public void What_there_is_not_is_left_out() => Assert.Equal(
        """{"Timestamp":"2026-01-02T03:04:05.0000000Z","Level":"Debug","MessageTemplate":"a\nb","RenderedMessage":"a\nb"}""",
        Text(new(Time, LogEventLevel.Debug, null, new MessageTemplateParser().Parse("a\nb"), [])));

    [Fact]
    public void An_exception_is_text() => Assert.Contains("\"Exception\":\"System.InvalidTimeZoneException: no\"",
        Text(new(Time, LogEventLevel.Error, new InvalidTimeZoneException("no"), new MessageTemplateParser().Parse("x"), [])), StringComparison.Ordinal);

    private static string Text(LogEvent logEvent)
    {
        var text = new StringWriter();
        new HttpEventFormatter().Format(logEvent, text);
        return text.ToString();
    }
}
