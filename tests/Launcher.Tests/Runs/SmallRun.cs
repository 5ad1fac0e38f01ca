using SparkTrain.Support;

namespace SparkTrain.Launcher.Tests.Runs;

/// <summary>A run of a few steps as training has left it, made once.</summary>
public sealed class SmallRun : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public SmallRun()
    {
        File.WriteAllLines(Path.Combine(Folder, "text.jsonl"), Enumerable.Range(0, 60).Select(i => $$"""{"text": "number {{i}} follows {{i - 1}} and comes before {{i + 1}}."}"""));
        File.WriteAllText(Path.Combine(Folder, "small.json"), """
            {
              "Run": { "Name": "good" },
              "Model": {
                "VocabSize": 258, "DModel": 16, "NumLayers": 1, "MaxSeqLen": 32,
                "Ffn": { "Kind": "Spark", "DFf": 32, "PredictorDim": 8, "Active": 4 },
                "Attention": { "Kind": "Spark", "NumHeads": 2, "NumKvHeads": 1, "HeadDim": 8, "PredictorDim": 4, "Active": 8, "Window": 16 }
              },
              "Data": { "Folder": "data" },
              "Training": { "Steps": 4, "SeqLen": 16, "GlobalBatchTokens": 32, "MicroBatch": 2, "Threads": 1 },
              "LrSchedule": { "Lr": 1e-2, "WarmupSteps": 1 },
              "Validation": { "EverySteps": 2, "Tokens": 64 },
              "Checkpoint": { "EverySteps": 2 },
              "Generation": { "Prompts": ["number "], "EverySteps": 2, "MaxTokens": 4 },
              "Logging": { "PeakTeraflops": 1, "TensorBoard": true, "Trace": true }
            }
            """);
        Require(LauncherProcess.Run($"prepare {Folder}/text.jsonl --output {Folder}/data --validation-fraction 0.3"));
        Require(LauncherProcess.Run($"--config {Folder}/small.json --set Data.Folder={Folder}/data --set Run.Folder={Runs} --quiet"));
    }

    public string Folder => temporary.Path;

    /// <summary>The folder that holds runs.</summary>
    public string Runs => Path.Combine(Folder, "runs");

    /// <summary>The run.</summary>
    public string Good => Path.Combine(Runs, "good");

    /// <summary>Makes a copy of it in a folder that holds runs.</summary>
    public static void Copy(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    public void Dispose() => temporary.Dispose();

    private static void Require((int ExitCode, string Out, string Error) run) => Assert.True(run.ExitCode == 0, run.Out + run.Error);
}
