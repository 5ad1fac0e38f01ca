using Serilog.Core;
using Serilog.Events;

namespace SparkTrain.Telemetry;

/// <summary>Writes the numbers of every step for TensorBoard. What a full disk does not take is lost; a run does not end by that.</summary>
/// <param name="folder">The folder that TensorBoard is shown.</param>
public sealed class TensorBoardSink(string folder) : ILogEventSink, IDisposable
{
    private readonly EventFile file = new(folder, DateTimeOffset.UtcNow);

    /// <inheritdoc/>
    public void Emit(LogEvent logEvent)
    {
        if (RunEvent.KindOf(logEvent) != RunEvent.Metrics || RunEvent.StepOf(logEvent) is not { } step) return;
        try
        {
            file.Write(logEvent.Timestamp, step, RunEvent.NumbersOf(logEvent));
        }
        catch (IOException)
        {
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();
}
