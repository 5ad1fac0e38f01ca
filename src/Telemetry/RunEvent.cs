using Serilog.Core;
using Serilog.Events;

namespace SparkTrain.Telemetry;

/// <summary>Names of the properties by which a program that receives a run's events tells them apart; docs/telemetry.md lists them.</summary>
public static class RunEvent
{
    /// <summary>What an event is: one of the kinds below; a line of the log where it is absent.</summary>
    public const string Kind = "Kind";

    /// <summary>The run begins or goes on: its configuration, command, host, ranks.</summary>
    public const string Started = "RunStarted";

    /// <summary>Numbers of a step.</summary>
    public const string Metrics = "Metrics";

    /// <summary>What the model wrote behind a prompt.</summary>
    public const string Sample = "Sample";

    /// <summary>A checkpoint was saved.</summary>
    public const string Checkpoint = "Checkpoint";

    /// <summary>The run ended: complete, stopped or failed.</summary>
    public const string Ended = "RunEnded";

    /// <summary>The optimizer step of an event.</summary>
    public const string Step = "Step";

    /// <summary>The run's name.</summary>
    public const string Run = "Run";

    /// <summary>The run's identity: 32 hexadecimal digits.</summary>
    public const string RunId = "RunId";

    /// <summary>The number of an event within its run, from 0 on: an event that comes twice has the same one.</summary>
    public const string Sequence = "Sequence";

    /// <summary>The property that says what an event is.</summary>
    public static LogEventProperty OfKind(string kind) => new(Kind, new ScalarValue(kind));

    /// <summary>Returns the kind of an event; null for a line of the log.</summary>
    public static string? KindOf(LogEvent logEvent) => logEvent.Properties.TryGetValue(Kind, out var value) && value is ScalarValue { Value: string kind } ? kind : null;

    /// <summary>Returns the step of an event, or null.</summary>
    public static long? StepOf(LogEvent logEvent) => logEvent.Properties.TryGetValue(Step, out var value) && value is ScalarValue { Value: long step } ? step : null;

    /// <summary>The numbers of a <see cref="Metrics"/> event by name; of a list one number a place, name[0], name[1], …; of an object name/key.</summary>
    public static IEnumerable<(string Name, double Value)> NumbersOf(LogEvent logEvent)
    {
        if (!logEvent.Properties.TryGetValue(Metrics, out var value) || value is not StructureValue metrics) yield break;
        foreach (var metric in metrics.Properties)
            foreach (var number in Numbers(metric.Name, metric.Value)) yield return number;
    }

    private static IEnumerable<(string Name, double Value)> Numbers(string name, LogEventPropertyValue value) => value switch
    {
        ScalarValue { Value: double or long or int or bool } scalar => [(name, Convert.ToDouble(scalar.Value, System.Globalization.CultureInfo.InvariantCulture))],
        SequenceValue list => list.Elements.Index().SelectMany(item => Numbers($"{name}[{item.Index}]", item.Item)),
        StructureValue parts => parts.Properties.SelectMany(part => Numbers($"{name}/{part.Name}", part.Value)),
        _ => [],
    };
}

/// <summary>Adds properties to an event.</summary>
/// <param name="properties">The properties.</param>
public sealed class EventProperties(params IReadOnlyList<LogEventProperty> properties) : ILogEventEnricher
{
    /// <inheritdoc/>
    public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
    {
        foreach (var property in properties) logEvent.AddOrUpdateProperty(property);
    }
}
