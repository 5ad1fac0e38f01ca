using System.Globalization;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Display;
using Serilog.Formatting.Json;
using Serilog.Parsing;

namespace SparkTrain.Telemetry;

/// <summary>
/// Writes an event as Serilog.Sinks.Http does by default (its NormalRenderedTextFormatter): an object with Timestamp (UTC), Level, MessageTemplate, RenderedMessage, and where there are any Exception, TraceId,
/// SpanId, Properties and Renderings. Whatever receives batches of that sink reads these. Texts in RenderedMessage stand without quotes, as people read them.
/// </summary>
public sealed class HttpEventFormatter : ITextFormatter
{
    private readonly JsonValueFormatter values = new();
    private readonly MessageTemplateTextFormatter message = new("{Message:lj}", CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public void Format(LogEvent logEvent, TextWriter output)
    {
        output.Write("{\"Timestamp\":\"");
        output.Write(logEvent.Timestamp.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
        output.Write("\",\"Level\":\"");
        output.Write(logEvent.Level);
        output.Write("\",\"MessageTemplate\":");
        JsonValueFormatter.WriteQuotedJsonString(logEvent.MessageTemplate.Text, output);
        output.Write(",\"RenderedMessage\":");
        JsonValueFormatter.WriteQuotedJsonString(Rendered(logEvent), output);
        if (logEvent.Exception is { } exception)
        {
            output.Write(",\"Exception\":");
            JsonValueFormatter.WriteQuotedJsonString(exception.ToString(), output);
        }
        if (logEvent.TraceId is { } trace) output.Write($",\"TraceId\":\"{trace.ToHexString()}\"");
        if (logEvent.SpanId is { } span) output.Write($",\"SpanId\":\"{span.ToHexString()}\"");
        if (logEvent.Properties.Count > 0) WriteProperties(logEvent.Properties, output);
        var rendered = logEvent.MessageTemplate.Tokens.OfType<PropertyToken>().Where(token => token.Format is not null).ToArray();
        if (rendered.Length > 0) WriteRenderings(rendered, logEvent.Properties, output);
        output.Write('}');
    }

    private string Rendered(LogEvent logEvent)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture);
        message.Format(logEvent, text);
        return text.ToString();
    }

    private void WriteProperties(IReadOnlyDictionary<string, LogEventPropertyValue> properties, TextWriter output)
    {
        output.Write(",\"Properties\":{");
        string separator = "";
        foreach (var (name, value) in properties)
        {
            output.Write(separator);
            JsonValueFormatter.WriteQuotedJsonString(name, output);
            output.Write(':');
            values.Format(value, output);
            separator = ",";
        }
        output.Write('}');
    }

    // What a template formats by itself: by property, each format with its text.
    private static void WriteRenderings(PropertyToken[] tokens, IReadOnlyDictionary<string, LogEventPropertyValue> properties, TextWriter output)
    {
        output.Write(",\"Renderings\":{");
        string separator = "";
        foreach (var group in tokens.GroupBy(token => token.PropertyName))
        {
            output.Write(separator);
            JsonValueFormatter.WriteQuotedJsonString(group.Key, output);
            output.Write(":[");
            string between = "";
            foreach (var token in group)
            {
                using var text = new StringWriter(CultureInfo.InvariantCulture);
                token.Render(properties, text, CultureInfo.InvariantCulture);
                output.Write($"{between}{{\"Format\":");
                JsonValueFormatter.WriteQuotedJsonString(token.Format!, output);
                output.Write(",\"Rendering\":");
                JsonValueFormatter.WriteQuotedJsonString(text.ToString(), output);
                output.Write('}');
                between = ",";
            }
            output.Write(']');
            separator = ",";
        }
        output.Write('}');
    }
}
