using Serilog.Core;
using Serilog.Events;

namespace SparkTrain.Support;

/// <summary>Acts on what is logged, in the thread that logs it.</summary>
public sealed class LogAction(Action<LogEvent> act) : ILogEventSink
{
    /// <summary>Acts at every event of a template whose property <c>Step</c> is a number, and is given the number.</summary>
    public static LogAction AtSteps(string template, Action<long> act) => new(logEvent =>
    {
        if (logEvent.MessageTemplate.Text == template && logEvent.Properties["Step"] is ScalarValue { Value: long step }) act(step);
    });

    /// <inheritdoc/>
    public void Emit(LogEvent logEvent) => act(logEvent);
}
