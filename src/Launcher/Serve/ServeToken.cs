using System.Net;
using SparkTrain.Configuration;
using SparkTrain.Http;
using SparkTrain.Launcher.Generation;

namespace SparkTrain.Launcher.Serve;

/// <summary>Finds the token that clients must show: in a file, or in an environment variable, never among the arguments, which every user of the machine may see.</summary>
internal static class ServeToken
{
    public const string Variable = "SPARKTRAIN_SERVE_TOKEN";

    /// <summary>Returns the token; null where none is given.</summary>
    /// <param name="file">The file that holds it; null for none.</param>
    /// <param name="variable">The environment variable's value; null for none.</param>
    /// <param name="listen">Where the server will listen.</param>
    /// <exception cref="ConfigurationException">The token is unfit, or there is none although other machines can reach the address.</exception>
    public static AccessToken? Find(string? file, string? variable, IPEndPoint listen)
    {
        var (where, secret) = file is not null ? ($"--token-file {file}", TokenFile.Read(file, "--token-file")) : (Variable, string.IsNullOrEmpty(variable) ? null : variable);
        if (secret is null)
            return IPAddress.IsLoopback(listen.Address) ? null
                : throw new ConfigurationException("--listen", $"other machines can reach {listen}, and there is no token", "a token that clients must show, unless the address is a loopback one", $"write one into a file (openssl rand -hex 32) and give it by --token-file FILE, or set {Variable}");
        if (AccessToken.Problem(secret) is { } problem)
            throw new ConfigurationException(where, $"the token cannot be used: {problem}", $"at least {AccessToken.MinLength} visible ASCII characters", "make one by `openssl rand -hex 32`");
        return new(secret);
    }
}
