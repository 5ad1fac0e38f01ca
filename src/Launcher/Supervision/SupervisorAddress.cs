using System.Globalization;

namespace SparkTrain.Launcher.Supervision;

/// <summary>Where a rank's heartbeats go; the supervisor leaves it in the environment of its ranks.</summary>
/// <param name="Host">The supervisor's address.</param>
/// <param name="Port">Its port.</param>
/// <param name="Token">What a rank of this job knows and nobody else.</param>
/// <param name="Grace">How long a rank may take to save and leave.</param>
internal sealed record SupervisorAddress(string Host, int Port, string Token, TimeSpan Grace)
{
    public const string AddressVariable = "SPARKTRAIN_SUPERVISOR";
    public const string TokenVariable = "SPARKTRAIN_SUPERVISOR_TOKEN";
    public const string GraceVariable = "SPARKTRAIN_SUPERVISOR_GRACE";

    /// <summary>The variables that a rank finds.</summary>
    public IReadOnlyDictionary<string, string> Variables => new Dictionary<string, string>
    {
        [AddressVariable] = string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}"),
        [TokenVariable] = Token,
        [GraceVariable] = Grace.TotalSeconds.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Reads them; null where no supervisor has started this process.</summary>
    /// <param name="variable">Returns the value of an environment variable.</param>
    public static SupervisorAddress? Find(Func<string, string?> variable)
    {
        string address = variable(AddressVariable) ?? "";
        int colon = address.LastIndexOf(':');
        return colon > 0 && variable(TokenVariable) is { Length: > 0 } token
            && int.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            && double.TryParse(variable(GraceVariable), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double grace)
            ? new(address[..colon], port, token, TimeSpan.FromSeconds(grace))
            : null;
    }
}
