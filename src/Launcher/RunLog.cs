using System.Globalization;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Display;
using SparkTrain.Launcher.Watching;
using SparkTrain.Telemetry;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher;

/// <summary>Where events go: the terminal, and for a run the files in <c>log/</c> and whoever <c>Logging</c> names. Ranks other than 0 only warn, on the terminal.</summary>
internal static class RunLog
{
    /// <summary>Makes the log of a run.</summary>
    /// <exception cref="Checkpoints.CheckpointException">The run folder cannot be written.</exception>
    /// <exception cref="Configuration.ConfigurationException">A token cannot be read.</exception>
    /// <exception cref="Native.EnvironmentException">The address of the page of metrics cannot be used.</exception>
    public static Logger Create(Terminal terminal, RunFolder folder, TrainConfig config, bool quiet)
    {
        var log = OnTerminal(terminal, quiet);
        if (terminal.Rank > 0) return log.CreateLogger();
        var journal = folder.Write(() => new EventJournal(folder.Events, new(config.Run.Name, folder.Path, folder.IsAlso)));
        log.MinimumLevel.Debug().Enrich.WithProperty(RunEvent.Run, config.Run.Name).Enrich.WithProperty(RunEvent.RunId, journal.RunId)
            .WriteTo.Sink(new FileSink(new LoggerConfiguration()
                .WriteTo.File(Path.Combine(folder.Log, "train-.log"), rollingInterval: RollingInterval.Day, retainedFileCountLimit: null, formatProvider: CultureInfo.InvariantCulture).CreateLogger()), LogEventLevel.Information)
            .WriteTo.Sink(journal);
        if (terminal.IsLive && !quiet) log.WriteTo.Sink(new TrainingPanel(terminal, config.Run.Name, config.Training.Steps));
        if (config.Logging.Http is { } http) log.WriteTo.Sink(new ShipperSink(journal.Path, Shipping.Options(http), terminal, () => folder.Loss is null));
        if (config.Logging.TensorBoard) log.WriteTo.Sink(folder.Write(() => new TensorBoardSink(folder.TensorBoard)));
        if (config.Logging.Prometheus is { } address) log.WriteTo.Sink(MetricsPageSink.Start(address, config.Run.Name, terminal));
        return log.CreateLogger();
    }

    /// <summary>Makes a log that goes to the terminal only.</summary>
    public static Logger Create(Terminal terminal, bool quiet) => OnTerminal(terminal, quiet).CreateLogger();

    private static LoggerConfiguration OnTerminal(Terminal terminal, bool quiet) =>
        new LoggerConfiguration().WriteTo.Sink(new TerminalSink(terminal), quiet || terminal.Rank > 0 ? LogEventLevel.Warning : LogEventLevel.Information);

    /// <summary>The log file. What a full disk does not take is lost, as the terminal has it; a run does not end by that.</summary>
    private sealed class FileSink(Logger file) : ILogEventSink, IDisposable
    {
        public void Emit(LogEvent logEvent) => file.Write(logEvent);

        // Lines that waited in memory are written here, where nothing else catches.
        public void Dispose()
        {
            try
            {
                file.Dispose();
            }
            catch (IOException)
            {
            }
        }
    }

    /// <summary>Plain lines on standard output; warnings and errors on standard error.</summary>
    private sealed class TerminalSink(Terminal terminal) : ILogEventSink
    {
        private readonly MessageTemplateTextFormatter message = new("{Message:lj}{NewLine}{Exception}", CultureInfo.InvariantCulture);

        public void Emit(LogEvent logEvent)
        {
            var line = new StringWriter();
            message.Format(logEvent, line);
            if (logEvent.Level < LogEventLevel.Warning) terminal.Out.Write(line);
            else terminal.Error.Write((terminal.Rank > 0 ? $"[rank {terminal.Rank}] " : "") + (logEvent.Level == LogEventLevel.Warning ? "warning: " : "error: ") + line);
        }
    }

    /// <summary>Sends the journal while the run goes on, and what is left at its end.</summary>
    private sealed class ShipperSink(string journal, ShippingOptions options, Terminal terminal, Func<bool> isOwn) : ILogEventSink, IDisposable
    {
        private readonly EventShipper shipper = new(journal, options, problem => terminal.Error.WriteLine($"warning: {problem}"), isOwn: isOwn);

        // The shipper reads the journal, which has the event already.
        public void Emit(LogEvent logEvent)
        {
        }

        public void Dispose() => shipper.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
