using System.Globalization;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Display;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher;

/// <summary>Where events go: the terminal, and for a run a file per day in <c>log/</c>. Ranks other than 0 only warn, on the terminal.</summary>
internal static class RunLog
{
    /// <summary>Makes the log of a run.</summary>
    public static Logger Create(Terminal terminal, RunFolder folder, bool quiet)
    {
        var log = OnTerminal(terminal, quiet);
        if (terminal.Rank == 0)
            log.WriteTo.Sink(new FileSink(new LoggerConfiguration()
                .WriteTo.File(Path.Combine(folder.Log, "train-.log"), rollingInterval: RollingInterval.Day, retainedFileCountLimit: null, formatProvider: CultureInfo.InvariantCulture).CreateLogger()));
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
}
