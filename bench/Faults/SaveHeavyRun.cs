using System.Globalization;

namespace SparkTrain.Bench;

/// <summary>A run that saves after every other step, so that about half of its time passes while a checkpoint is being written: 0.8 M parameters, 9 MB a checkpoint.</summary>
/// <param name="place">Holds the data and the runs.</param>
/// <param name="name">The run's name.</param>
/// <param name="ranks">Ranks that train together.</param>
internal sealed class SaveHeavyRun(BenchPlace place, string name, int ranks)
{
    /// <summary>Steps from its beginning to its end.</summary>
    public const int Steps = 60;

    /// <summary>Steps between checkpoints.</summary>
    public const int SaveSteps = 2;

    /// <summary>Steps between validations.</summary>
    public const int ValidationSteps = 5;

    /// <summary>What may stay by KeepLast, KeepBest and KeepEverySteps: 2, 1 and those of 20, 40 and 60.</summary>
    public const int MostCheckpoints = 6;

    private const string Config = """
        {
          "Run": { "Name": "unbroken", "Folder": "runs" },
          "Model": {
            "VocabSize": 258, "DModel": 128, "NumLayers": 4, "MaxSeqLen": 64,
            "Ffn": { "Kind": "Spark", "DFf": 512, "PredictorDim": 64, "Active": 41 },
            "Attention": { "Kind": "Spark", "NumHeads": 4, "NumKvHeads": 2, "HeadDim": 32, "PredictorDim": 16, "Active": 8, "Window": 16 }
          },
          "Data": { "Folder": "data" },
          "Training": { "Steps": STEPS, "SeqLen": 32, "GlobalBatchTokens": 256, "MicroBatch": 4, "Threads": 1 },
          "LrSchedule": { "Lr": 1e-2, "WarmupSteps": 5 },
          "Validation": { "EverySteps": VALIDATION, "Tokens": 2048 },
          "Checkpoint": { "EverySteps": STEPS, "KeepLast": 2, "KeepEverySteps": 20 },
          "Logging": { "PeakTeraflops": 1 }
        }
        """;

    /// <summary>The run's folder.</summary>
    public string Folder => Path.Combine(place.Runs, name);

    /// <summary>The logged steps.</summary>
    public string Metrics => Path.Combine(Folder, "metrics.jsonl");

    /// <summary>The checkpoints.</summary>
    public string Checkpoints => Path.Combine(Folder, "checkpoints");

    /// <summary>The trained weights.</summary>
    public string Weights => Path.Combine(Folder, "model", "model.safetensors");

    /// <summary>Starts the program, or starts it again.</summary>
    /// <param name="saves">False saves at the end only.</param>
    public KillableJob Start(bool saves = true)
    {
        string config = Path.Combine(place.Folder, "faults.json");
        if (!File.Exists(config))
            File.WriteAllText(config, Config.Replace("STEPS", Number(Steps), StringComparison.Ordinal).Replace("VALIDATION", Number(ValidationSteps), StringComparison.Ordinal));
        string launcher = Path.Combine(AppContext.BaseDirectory, "Launcher.dll");
        string[] mpiexec = ranks == 1 ? [] : ["mpiexec", "-n", Number(ranks), "--oversubscribe", "--bind-to", "none", "--quiet", "--allow-run-as-root", "-x", "TERM=dumb"];
        return new(place.Folder, ranks,
            [.. mpiexec, "dotnet", launcher, "--config", config, "--set", $"Run.Name={name}", .. saves ? (string[])["--set", $"Checkpoint.EverySteps={Number(SaveSteps)}"] : []]);
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
