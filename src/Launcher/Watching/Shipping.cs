using SparkTrain.Configuration;
using SparkTrain.Telemetry;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Watching;

/// <summary>How events are sent, from a configuration or from the command line.</summary>
internal static class Shipping
{
    /// <summary>Holds the token that a receiver asks for, where no file does.</summary>
    public const string TokenVariable = "SPARKTRAIN_EVENTS_TOKEN";

    /// <summary>Reads the options of a configuration.</summary>
    /// <exception cref="ConfigurationException">The token cannot be read.</exception>
    public static ShippingOptions Options(HttpLoggingConfig http) => new(Url(http.Url, "Logging.Http.Url", "TokenFile"), Token(http.TokenFile, "Logging.Http.TokenFile"))
    {
        BatchEvents = http.BatchEvents,
        Gzip = http.Gzip,
        Period = TimeSpan.FromSeconds(http.PeriodSeconds),
        Farewell = TimeSpan.FromSeconds(http.FarewellSeconds),
    };

    /// <summary>Reads the address of a receiver.</summary>
    /// <param name="url">The address.</param>
    /// <param name="key">Where it was given.</param>
    /// <param name="tokenFile">Where a token can be given.</param>
    /// <exception cref="ConfigurationException">It is none, or has a place for secrets in it, which is not shown.</exception>
    public static Uri Url(string url, string key, string tokenFile) => ReceiverUrl.IsFit(url) ? new(url)
        : throw new ConfigurationException(key, $"it is \"{ShownAddress.Of(url)}\"", $"it {ReceiverUrl.Rule}", $"correct it, such as http://127.0.0.1:8090/api/events, and give a secret by {tokenFile}");

    /// <summary>Reads a token from a file, or from the environment where no file is named; null where there is none.</summary>
    /// <exception cref="ConfigurationException">The file cannot be read, or the token cannot be sent.</exception>
    public static string? Token(string? file, string key)
    {
        string? token = file is not null ? TokenFile.Read(file, key) : Environment.GetEnvironmentVariable(TokenVariable);
        if (string.IsNullOrEmpty(token)) return null;
        return token.All(c => c is > ' ' and <= '~') ? token
            : throw new ConfigurationException(file is null ? TokenVariable : $"{key} {file}", "the token cannot be sent", "visible ASCII characters only", "take the token that the receiver was started with");
    }
}
