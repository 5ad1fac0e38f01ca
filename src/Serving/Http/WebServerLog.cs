using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace SparkTrain.Serving;

/// <summary>Hands warnings and errors of the web server on to the program's log; but that it could not start whoever started it learns by an exception.</summary>
internal sealed class WebServerLog(Serilog.ILogger log) : ILoggerProvider
{
    private const string Start = "Microsoft.Extensions.Hosting.Internal.Host";

    public ILogger CreateLogger(string categoryName) => categoryName == Start ? NullLogger.Instance : new Category(log, categoryName);

    public void Dispose()
    {
    }

    private sealed class Category(Serilog.ILogger log, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            if (logLevel == LogLevel.Warning) log.Warning(exception, ServingEvents.WebServer, name, formatter(state, exception));
            else log.Error(exception, ServingEvents.WebServer, name, formatter(state, exception));
        }
    }
}
