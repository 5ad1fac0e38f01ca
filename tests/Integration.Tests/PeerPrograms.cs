using System.Text.Json.Nodes;

namespace SparkTrain.Integration.Tests;

/// <summary>Programs of tests/peers, which run what scripts/install-peers.sh has installed.</summary>
internal static class PeerPrograms
{
    public const string Category = "Peers";

    /// <summary>Runs a script of tests/peers.</summary>
    public static Outcome Node(string folder, string script, params string[] arguments) =>
        Cli.Program(folder, "node", [Path.Combine(Cli.RepositoryFolder(), "tests", "peers", script), .. arguments]);

    /// <summary>Asks llama.cpp about a model; answers come in the order of the requests (tests/peers/llama.mjs).</summary>
    public static JsonNode[] Llama(string folder, string gguf, IEnumerable<object> requests)
    {
        string installed = InstalledPackage("@node-llama-cpp/linux-x64"), file = Path.Combine(folder, "requests.jsonl");
        File.WriteAllLines(file, requests.Select(request => System.Text.Json.JsonSerializer.Serialize(request)));
        var run = Node(folder, "llama.mjs", gguf, file);
        Assert.True(run.ExitCode == 0, $"{installed}: {run.Error}");
        return [.. run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }

    /// <summary>The folder of an npm package.</summary>
    public static string InstalledPackage(string name)
    {
        string path = Path.Combine(Cli.RepositoryFolder(), "artifacts", "peers", "node_modules", name);
        return Directory.Exists(path) ? path : throw new DirectoryNotFoundException($"{name} is not in {path}. Run scripts/install-peers.sh (test.sh does), then the tests again.");
    }
}
