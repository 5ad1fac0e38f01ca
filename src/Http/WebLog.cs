using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace SparkTrain.Http;

/// <summary>Takes what a web server has to say.</summary>
/// <param name="level">Information for what clients do wrong, Warning or Error for what goes wrong here.</param>
/// <param name="message">One line, without foreign control characters.</param>
/// <param name="exception">What happened, where it is a fault of the server; null otherwise.</param>
public delegate void WebLog(LogLevel level, string message, Exception? exception);

/// <summary>
/// Hands on warnings and errors of Kestrel, and requests that it refuses because they break HTTP, each in a line and without a stack; but that it could not start whoever started it learns by an exception.
/// </summary>
internal sealed class WebLogProvider(WebLog log) : ILoggerProvider
{
    /// <summary>Kestrel's name for requests that break HTTP, which it logs for debugging only.</summary>
    public const string BadRequests = "Microsoft.AspNetCore.Server.Kestrel.BadRequests";

    private const string Start = "Microsoft.Extensions.Hosting.Internal.Host";

    // Of the events in that category: a request that is refused.
    private const string BadRequest = "ConnectionBadRequest";

    public ILogger CreateLogger(string categoryName) => categoryName == Start ? NullLogger.Instance : new Category(log, categoryName);

    public void Dispose()
    {
    }

    private sealed class Category(WebLog log, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= (name == BadRequests ? LogLevel.Debug : LogLevel.Warning);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            if (name != BadRequests) log(logLevel, $"{name}: {formatter(state, exception)}", exception);
            else if (eventId.Name == BadRequest) log(LogLevel.Information, BadRequestLine.Of(exception?.Message ?? formatter(state, exception)), null);
        }
    }
}

/// <summary>The line for a request that could not be read.</summary>
internal static class BadRequestLine
{
    /// <summary>Words it: the reason may hold what the client has sent.</summary>
    public static string Of(string reason) => "a request could not be read: " + string.Concat(reason.Select(c => char.IsControl(c) ? ' ' : c));
}
