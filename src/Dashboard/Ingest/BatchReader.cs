using System.Runtime.InteropServices;
using System.Text.Json;
using SparkTrain.Http;
using SparkTrain.Input;

namespace SparkTrain.Dashboard;

/// <summary>Reads many events: those that fit, and why the others do not.</summary>
internal sealed class BatchReader(DashboardLimits limits)
{
    // So deep that no event is; reading goes down by hand only in what has limits of its own.
    private const int MaxDepth = 1000;
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = MaxDepth };

    private readonly EventReader events = new(limits);

    /// <summary>Reads a JSON array.</summary>
    /// <exception cref="InvalidBatchException">It is no array of JSON, or has too many events.</exception>
    public (List<(int Index, IncomingEvent Event)> Fit, List<Refusal> Refused) ReadArray(ReadOnlyMemory<byte> json)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(HalfSurrogates.Mend(json), Options);
        }
        catch (JsonException e)
        {
            throw new InvalidBatchException("The body is not JSON: " + e.Message + " Send a JSON array of events.");
        }
        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Array) throw new InvalidBatchException($"The body is {Word(document.RootElement.ValueKind)}. Send a JSON array of events.");
            int count = document.RootElement.GetArrayLength();
            if (count > limits.MaxBatchEvents) throw new InvalidBatchException($"The body has {count} events; it may have {limits.MaxBatchEvents}. Send fewer at a time.", isTooLarge: true);
            var (fit, refused) = (new List<(int, IncomingEvent)>(count), new List<Refusal>());
            int index = 0;
            foreach (var element in document.RootElement.EnumerateArray()) Read(element, index++, fit, refused);
            return (fit, refused);
        }
    }

    /// <summary>Reads one event a line, as a run's folder has them. The last line may be torn.</summary>
    public (List<(int Index, IncomingEvent Event)> Fit, List<Refusal> Refused) ReadLines(ReadOnlySpan<byte> lines)
    {
        var (fit, refused) = (new List<(int, IncomingEvent)>(), new List<Refusal>());
        int index = 0;
        foreach (var range in lines.Split((byte)'\n'))
        {
            var line = lines[range].Trim("\r\t "u8);
            if (line.IsEmpty) continue;
            try
            {
                using var document = JsonDocument.Parse(HalfSurrogates.Mend(line.ToArray()), Options);
                Read(document.RootElement, index, fit, refused);
            }
            catch (JsonException e)
            {
                refused.Add(new(index, ErrorText.Short("not JSON: " + e.Message)));
            }
            index++;
        }
        return (fit, refused);
    }

    private void Read(JsonElement element, int index, List<(int, IncomingEvent)> fit, List<Refusal> refused)
    {
        try
        {
            if (Length(element) > limits.MaxEventBytes) throw new EventRefusedException($"the event is longer than {limits.MaxEventBytes} bytes");
            fit.Add((index, events.Read(element)));
        }
        catch (EventRefusedException e)
        {
            refused.Add(new(index, e.Message));
        }
    }

    private static int Length(JsonElement element) => JsonMarshal.GetRawUtf8Value(element).Length;

    private static string Word(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "one object",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        _ => kind.ToString().ToLowerInvariant(),
    };
}
