using System.Text.Json;
using System.Text.Json.Nodes;
using SparkTrain.Support;

namespace SparkTrain.Integration.Tests;

/// <summary>A temporary folder with a prepared dataset and a configuration of a tiny run.</summary>
internal sealed class Workplace : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    private static readonly string[] Words = ["the", "threshold", "of", "every", "query", "keeps", "its", "keys", "and", "neurons", "are", "few"];

    public const string Config = """
        {
          "Run": { "Name": "tiny" },
          "Model": {
            "VocabSize": 258, "DModel": 32, "NumLayers": 2, "MaxSeqLen": 64,
            "Ffn": { "Kind": "Spark", "DFf": 96, "PredictorDim": 16, "Active": 8 },
            "Attention": { "Kind": "Spark", "NumHeads": 4, "NumKvHeads": 2, "HeadDim": 8, "PredictorDim": 4, "Active": 8, "Window": 16 }
          },
          "Data": { "Folder": "data" },
          "Training": { "Steps": 30, "SeqLen": 32, "GlobalBatchTokens": 256, "MicroBatch": 4, "Threads": 1 },
          "LrSchedule": { "Lr": 1e-2, "WarmupSteps": 5 },
          "Validation": { "EverySteps": 10, "Tokens": 512 },
          "Checkpoint": { "EverySteps": 2 },
          "Logging": { "PeakTeraflops": 1 }
        }
        """;

    /// <summary>Makes a run so long, some seconds, that a test can act while it trains.</summary>
    public static readonly string[] Long = ["--set", "Training.Steps=300"];

    public Workplace()
    {
        File.WriteAllText(this["tiny.json"], Config);
        var random = new Random(3);
        File.WriteAllLines(this["documents.jsonl"], Enumerable.Range(0, 300).Select(_ =>
            JsonSerializer.Serialize(new { text = string.Join(' ', Enumerable.Range(0, random.Next(3, 20)).Select(_ => Words[random.Next(Words.Length)])) + "." })));
        var prepared = Cli.Run(Folder, "prepare", "documents.jsonl", "--output", "data", "--validation-fraction", "0.2");
        Assert.True(prepared.ExitCode == 0, prepared.Error);
    }

    public string Folder => temporary.Path;

    public string this[string path] => Path.Combine(Folder, path);

    public Outcome Train(params string[] arguments) => Cli.Run(Folder, ["--config", "tiny.json", .. arguments]);

    public JsonNode?[] Losses(string run) => [.. File.ReadLines(this[$"runs/{run}/metrics.jsonl"]).Select(line => JsonNode.Parse(line)!["loss"])];

    public string?[] ValidationLosses(string run) => [.. File.ReadLines(this[$"runs/{run}/metrics.jsonl"]).Select(line => JsonNode.Parse(line)!["val_loss"]?.ToJsonString())];

    public byte[] Weights(string run) => File.ReadAllBytes(this[$"runs/{run}/model/model.safetensors"]);

    public void Dispose() => temporary.Dispose();
}
