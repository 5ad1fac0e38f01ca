using SparkTrain.Input;

namespace SparkTrain.Telemetry;

/// <summary>
/// Sends a journal while it is written, on a thread of its own: training never waits for a server, and no answer or silence of it ends a run. What is not sent at the end stays in the journal; a later
/// run of the same folder or <c>runs sync</c> sends it.
/// </summary>
public sealed class EventShipper : IAsyncDisposable
{
    private readonly ShippingOptions options;
    private readonly EventSender sender;
    private readonly Action<string> warn;
    private readonly Func<bool> isOwn;
    private readonly CancellationTokenSource leave = new(), abandon = new();
    private readonly Task work;

    /// <summary>Begins to send.</summary>
    /// <param name="journal">events.jsonl of a run.</param>
    /// <param name="options">Where to and how.</param>
    /// <param name="warn">Told once when the server is away, and once when all is well again.</param>
    /// <param name="handler">Takes the place of the network, in tests.</param>
    /// <param name="isOwn">Says whether the journal at this path is still this run's: what another one has written there is not sent, and not noted as sent. Null never asks.</param>
    public EventShipper(string journal, ShippingOptions options, Action<string> warn, HttpMessageHandler? handler = null, Func<bool>? isOwn = null)
    {
        (this.options, this.warn, this.isOwn) = (options, warn, isOwn ?? (() => true));
        sender = new(journal, options, handler);
        work = Task.Run(WorkAsync);
    }

    /// <summary>Sends what is left, for at most the time of the farewell.</summary>
    public async ValueTask DisposeAsync()
    {
        abandon.CancelAfter(options.Farewell);
        await leave.CancelAsync();
        await work;
        sender.Dispose();
        leave.Dispose();
        abandon.Dispose();
    }

    private async Task WorkAsync()
    {
        int failures = 0;
        while (true)
        {
            bool isLast = leave.IsCancellationRequested;
            try
            {
                while (isOwn() && await sender.SendNextAsync(abandon.Token))
                    if (failures > 0)
                    {
                        failures = 0;
                        warn($"{options.Url} takes events again");
                    }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            // Nothing that a server, the network or the disk does may reach the training.
            catch (Exception e)
            {
                if (failures++ == 0) warn($"events are not sent to {options.Url} ({e.Reason()}); they are kept, and tried again");
            }
            if (isLast) return;
            await Pause(failures == 0 ? options.Period : AfterFailure(failures));
        }
    }

    private TimeSpan AfterFailure(int failures) => TimeSpan.FromTicks(Math.Min(options.LongestPause.Ticks, options.FirstPause.Ticks << Math.Min(failures - 1, 20)));

    private async Task Pause(TimeSpan time)
    {
        try
        {
            await Task.Delay(time, leave.Token);
        }
        catch (OperationCanceledException)
        {
        }
    }
}
