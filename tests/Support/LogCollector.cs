using System.Collections.Concurrent;
using System.Globalization;
using Serilog.Core;
using Serilog.Events;

namespace SparkTrain.Support;

/// <summary>Keeps what is logged, from any thread.</summary>
public sealed class LogCollector : ILogEventSink
{
    private readonly ConcurrentQueue<LogEvent> events = [];

    /// <summary>The events so far.</summary>
    public IReadOnlyList<LogEvent> Events => [.. events];

    /// <summary>Their templates.</summary>
    public IReadOnlyList<string> Templates => [.. events.Select(e => e.MessageTemplate.Text)];

    /// <summary>Their messages, each with the exception that it came with.</summary>
    public IReadOnlyList<string> Messages => [.. events.Select(e => e.RenderMessage(CultureInfo.InvariantCulture) + e.Exception)];

    /// <inheritdoc/>
    public void Emit(LogEvent logEvent) => events.Enqueue(logEvent);
}
