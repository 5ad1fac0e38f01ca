using System.Text.RegularExpressions;

namespace SparkTrain.Integration.Tests;

/// <summary>Verbs that need no libtorch print the same from a copy of the program that has neither libtorch nor TorchSharp.</summary>
public sealed partial class WithoutLibtorchTests(TrainedRun run) : IClassFixture<TrainedRun>
{
    private static readonly string[][] Verbs =
    [
        ["--help"],
        ["plan", "--config", "tiny.json"],
        ["config", "check", "--config", "tiny.json"],
        ["data", "check", "data"],
        ["inspect", "runs/tiny"],
        ["runs", "ls", "runs"],
        ["runs", "show", "runs/tiny"],
        ["generate", "--model", "runs/tiny", "--prompt", "the ", "--max-tokens", "20", "--temperature", "0", "--quiet", "--engine", "sparse"],
        ["score", "--model", "runs/tiny", "--input", "texts.jsonl", "--output", "scores.jsonl", "--engine", "sparse"],
        ["export", "runs/tiny", "--output", "exported"],
    ];

    [Fact]
    public void They_print_the_same()
    {
        string folder = run[""], bare = run["program"];
        foreach (string file in Directory.GetFiles(AppContext.BaseDirectory).Where(file => !IsTorch(Path.GetFileName(file))).Concat(Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "configs"))))
        {
            string copy = Path.Combine(bare, Path.GetRelativePath(AppContext.BaseDirectory, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        File.WriteAllText(run["texts.jsonl"], "{\"text\":\"the keys of every query\"}\n");
        foreach (string[] verb in Verbs)
        {
            var expected = Cli.Run(folder, verb);
            if (Directory.Exists(run["exported"])) Directory.Delete(run["exported"], recursive: true);
            var found = Cli.Program(folder, "dotnet", [Path.Combine(bare, "Launcher.dll"), .. verb]);
            Assert.True(expected.ExitCode == 0, string.Join(' ', verb) + "\n" + expected.Error);
            Assert.Equal((0, Steady(expected.Out, AppContext.BaseDirectory.TrimEnd('/'))), (found.ExitCode, Steady(found.Out, bare)));
        }
        // What needs it says so.
        Assert.NotEqual(0, Cli.Program(folder, "dotnet", [Path.Combine(bare, "Launcher.dll"), "generate", "--model", "runs/tiny", "--prompt", "the ", "--engine", "torch"]).ExitCode);
    }

    // Free memory and ages differ between two calls, and the program's own folder between two copies.
    private static string Steady(string text, string program) => Changing().Replace(text.Replace(program, "PROGRAM", StringComparison.Ordinal), "N");

    [GeneratedRegex(@"\d+(?:[.,]\d+)*(?= (?:GB|GiB|MiB|min|s)\b)|\bnow\b")]
    private static partial Regex Changing();

    private static bool IsTorch(string file) => file.Contains("torch", StringComparison.OrdinalIgnoreCase);
}
