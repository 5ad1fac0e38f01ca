using System.Globalization;
using System.Text.Json;

namespace SparkTrain.Dashboard;

/// <summary>Reads an event of Serilog.Sinks.Http, ours or any application's.</summary>
internal sealed class EventReader(DashboardLimits limits)
{
    private const string NamelessRun = "unnamed";
    private const int RunIdLength = 32;
    private static readonly JsonDocumentOptions ConfigOptions = new() { MaxDepth = 32 };

    /// <exception cref="EventRefusedException">It does not fit; the message says why.</exception>
    public IncomingEvent Read(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object) throw new EventRefusedException("an event must be an object");
        var properties = json.TryGetProperty("Properties", out var found) && found.ValueKind == JsonValueKind.Object ? found : default;
        var kind = Kind(properties);
        var (name, uid, sequence) = kind == EventKind.Log ? OwnerOfLine(properties) : Owner(properties);
        var read = new IncomingEvent
        {
            Name = name,
            Uid = uid,
            Sequence = sequence,
            Kind = kind,
            Time = Time(json),
            Level = Level(json),
            Text = Text(json, "RenderedMessage") ?? Text(json, "MessageTemplate") ?? "",
            Exception = Text(json, "Exception"),
        };
        return read.Kind switch
        {
            EventKind.Metrics => read with { Step = Step(properties), Points = MetricValues.Read(Member(properties, "Metrics"), limits.MaxNameLength) },
            EventKind.Started => read with { Step = Whole(properties, "Step") ?? IncomingEvent.NoStep, Data = Started(properties), Config = Config(properties) },
            EventKind.Ended => read with { Step = Whole(properties, "Step") ?? 0, Data = Ended(properties) },
            EventKind.Checkpoint => read with
            {
                Step = Step(properties),
                Data = JsonSerializer.Serialize(new CheckpointData(Text(properties, "Path") ?? "", Whole(properties, "Bytes"), Number(properties, "Seconds")), Json.Options),
            },
            EventKind.Sample => read with { Step = Step(properties), Data = JsonSerializer.Serialize(new SampleData(Text(properties, "Prompt") ?? "", Text(properties, "Text") ?? ""), Json.Options) },
            _ => read,
        };
    }

    private (string Name, string Uid, long Sequence) Owner(JsonElement properties)
    {
        string name = Text(properties, "Run") ?? NamelessRun;
        Names.Require(name, "Run", limits.MaxNameLength);
        return (name, RunId(properties) ?? name, Whole(properties, "Sequence") ?? IncomingEvent.NoSequence);
    }

    // A line of a log comes from any application, whose properties may be called as ours are: those that do not fit are its own.
    private (string Name, string Uid, long Sequence) OwnerOfLine(JsonElement properties)
    {
        string? name = Fitting(() => Text(properties, "Run") is { } run && Names.IsFit(run, limits.MaxNameLength) ? run : null), id = Fitting(() => RunId(properties));
        long? sequence = name is null && id is null ? null : Fitting(() => Whole(properties, "Sequence"));
        return (name ?? NamelessRun, id ?? name ?? NamelessRun, sequence ?? IncomingEvent.NoSequence);
    }

    private static T? Fitting<T>(Func<T?> read)
    {
        try
        {
            return read();
        }
        catch (EventRefusedException)
        {
            return default;
        }
    }

    // It is read again, with the usual depth of readers, whenever the run is looked at.
    private static string? Config(JsonElement properties)
    {
        if (Member(properties, "Config") is not { ValueKind: JsonValueKind.Object } config) return null;
        string json = config.GetRawText();
        try
        {
            using var document = JsonDocument.Parse(json, ConfigOptions);
            return json;
        }
        catch (JsonException)
        {
            throw new EventRefusedException("Config is nested too deeply");
        }
    }

    private static string Started(JsonElement properties) => JsonSerializer.Serialize(
        new RunAbout(Text(properties, "Command"), Text(properties, "Host"), Whole(properties, "Ranks"), Whole(properties, "Parameters"), Text(properties, "Commit"), Text(properties, "Version"), Whole(properties, "Step") ?? 0),
        Json.Options);

    private static string Ended(JsonElement properties) => Text(properties, "Status") is ("complete" or "stopped" or "failed") and var status
        ? JsonSerializer.Serialize(new EndData(status, Text(properties, "Message")), Json.Options)
        : throw new EventRefusedException("Status must be \"complete\", \"stopped\" or \"failed\"");

    // A property called Kind with another value is some application's own.
    private static EventKind Kind(JsonElement properties) => Member(properties, "Kind") is { ValueKind: JsonValueKind.String } kind
        ? kind.GetString() switch
        {
            "RunStarted" => EventKind.Started,
            "RunEnded" => EventKind.Ended,
            "Checkpoint" => EventKind.Checkpoint,
            "Sample" => EventKind.Sample,
            "Metrics" => EventKind.Metrics,
            _ => EventKind.Log,
        }
        : EventKind.Log;

    private static string? RunId(JsonElement properties)
    {
        if (Text(properties, "RunId") is not { } id) return null;
        return id.Length == RunIdLength && id.All(char.IsAsciiHexDigit) ? id.ToLowerInvariant() : throw new EventRefusedException("RunId must be 32 hexadecimal digits");
    }

    private static long Time(JsonElement json) =>
        Member(json, "Timestamp") is { ValueKind: JsonValueKind.String } text
        && DateTimeOffset.TryParse(text.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUnixTimeMilliseconds()
            : throw new EventRefusedException("Timestamp must be a time such as 2026-01-02T03:04:05Z");

    private static string Level(JsonElement json) => Text(json, "Level") switch
    {
        null => "Information",
        ("Verbose" or "Debug" or "Information" or "Warning" or "Error" or "Fatal") and var level => level,
        _ => throw new EventRefusedException("Level must be Verbose, Debug, Information, Warning, Error or Fatal"),
    };

    private static long Step(JsonElement properties) => Whole(properties, "Step") ?? throw new EventRefusedException("Step is missing");

    private static long? Whole(JsonElement json, string name) => Member(json, name) switch
    {
        { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.Number } number when number.TryGetInt64(out long value) && value >= 0 => value,
        _ => throw new EventRefusedException($"{name} must be a whole number, 0 or more"),
    };

    private static double? Number(JsonElement json, string name) => Member(json, name) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;

    private static string? Text(JsonElement json, string name) => Member(json, name) switch
    {
        { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        _ => throw new EventRefusedException($"{name} must be a text"),
    };

    private static JsonElement Member(JsonElement json, string name) => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value : default;
}
