using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace SparkTrain.Dashboard;

/// <summary>Writes warnings and errors of the web server to standard error; but that it could not start whoever started it learns by an exception.</summary>
internal sealed class ErrorLog : ILoggerProvider
{
    private const string Start = "Microsoft.Extensions.Hosting.Internal.Host";

    public ILogger CreateLogger(string categoryName) => categoryName == Start ? NullLogger.Instance : new Category();

    public void Dispose()
    {
    }

    private sealed class Category : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) Console.Error.WriteLine($"{(logLevel == LogLevel.Warning ? "warning" : "error")}: {formatter(state, exception)}{(exception is null ? "" : "\n" + exception)}");
        }
    }
}
