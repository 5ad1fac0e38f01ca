using Serilog.Core;
using Serilog.Events;

namespace SparkTrain.Telemetry;

/// <summary>Writes the numbers of every step for TensorBoard, each once, over the ends of processes too. What a full disk does not take is lost; a run does not end by that.</summary>
/// <param name="folder">The folder that TensorBoard is shown.</param>
public sealed class TensorBoardSink(string folder) : ILogEventSink, IDisposable
{
    // What a step's second event adds to its first: metrics.jsonl names all of it so.
    private const string Validation = "val_";

    private readonly EventFile file = new(folder, DateTimeOffset.UtcNow);
    private readonly HashSet<string> written = [];
    private long resumedFrom, lastStep = -1;

    /// <inheritdoc/>
    public void Emit(LogEvent logEvent)
    {
        if (RunEvent.StepOf(logEvent) is not { } step) return;
        try
        {
            if (RunEvent.KindOf(logEvent) == RunEvent.Started) Begin(logEvent.Timestamp, step);
            else if (RunEvent.KindOf(logEvent) == RunEvent.Metrics) Write(logEvent, step);
        }
        catch (IOException)
        {
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();

    // The step of the checkpoint stays as it was logged before it was saved. A run that begins validates its first weights again.
    private void Begin(DateTimeOffset time, long step)
    {
        resumedFrom = step;
        file.Restart(time, step == 0 ? 0 : step + 1);
    }

    private void Write(LogEvent logEvent, long step)
    {
        if (step != lastStep) written.Clear();
        lastStep = step;
        var numbers = RunEvent.NumbersOf(logEvent).Where(number => (step == 0 || step > resumedFrom || number.Name.StartsWith(Validation, StringComparison.Ordinal)) && !written.Contains(number.Name)).ToArray();
        if (numbers.Length == 0) return;
        file.Write(logEvent.Timestamp, step, numbers);
        written.UnionWith(numbers.Select(number => number.Name));
    }
}
