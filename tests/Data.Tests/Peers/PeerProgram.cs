using System.ComponentModel;
using System.Runtime.CompilerServices;

namespace SparkTrain.Data.Tests.Peers;

/// <summary>Runs a script of tests/peers with Node.js and the programs that scripts/install-peers.sh has installed.</summary>
public static class PeerProgram
{
    public static void Run(string script, params string[] arguments)
    {
        var repository = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", ".."));
        var (wanted, installed) = (Path.Combine(repository, "tests", "peers", "package-lock.json"), Path.Combine(repository, "artifacts", "peers", "installed.json"));
        Assert.True(File.Exists(installed) && File.ReadAllText(installed) == File.ReadAllText(wanted), "the programs to compare with are missing: run scripts/install-peers.sh");
        var (exitCode, error) = Start(Path.Combine(repository, "tests", "peers", script), arguments);
        Assert.True(exitCode == 0, $"{script} ended with {exitCode}: {error}");
    }

    private static (int ExitCode, string Error) Start(string script, string[] arguments)
    {
        try
        {
            var ended = Started.Run("node", [script, .. arguments]);
            return (ended.ExitCode, ended.Error);
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException("Node.js is missing: run scripts/install-peers.sh", e);
        }
    }

    private static string Here([CallerFilePath] string file = "") => file;
}
