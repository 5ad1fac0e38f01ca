using System.Text.Json;
using Serilog;
using SparkTrain.Data;
using SparkTrain.Distributed;
using SparkTrain.ModelFormat;
using SparkTrain.Support;

namespace SparkTrain.Trainer.Tests;

/// <summary>A run small enough for a second: a byte-level Spark Transformer of two layers.</summary>
internal static class TinyRun
{
    private static readonly string[] Words = ["the", "norm", "of", "every", "query", "keeps", "its", "keys", "and", "neurons", "are", "few"];

    public static TrainConfig Config(string data, string runs) => new()
    {
        Run = new() { Name = "tiny", Folder = runs, Seed = 1 },
        Model = new()
        {
            VocabSize = 258, DModel = 32, NumLayers = 2, MaxSeqLen = 48,
            Ffn = new() { Kind = FfnKind.Spark, DFf = 96, PredictorDim = 16, Active = 8 },
            Attention = new() { Kind = AttentionKind.Spark, NumHeads = 4, NumKvHeads = 2, HeadDim = 8, PredictorDim = 4, Active = 8, Window = 16 },
        },
        Data = new() { Folder = data },
        Training = new() { Steps = 8, SeqLen = 32, MicroBatch = 2, GlobalBatchTokens = 256, Threads = 2 },
        LrSchedule = new() { Lr = 0.01, WarmupSteps = 2 },
        Validation = new() { EverySteps = 4, Tokens = 512 },
        // Saves that are not put off have steps that a test can name.
        Checkpoint = new() { EverySteps = 3, Asynchronous = false },
        Logging = new() { PeakTeraflops = 1 },
    };

    /// <summary>Prepares a byte-level dataset of a few hundred short documents.</summary>
    public static string Data(TemporaryFolder folder, string name = "data", int seed = 3)
    {
        var random = new Random(seed);
        string text = folder[$"{name}.jsonl"], data = folder[name];
        File.WriteAllLines(text, Enumerable.Range(0, 300).Select(_ =>
            JsonSerializer.Serialize(new { text = string.Join(' ', Enumerable.Range(0, random.Next(3, 20)).Select(_ => Words[random.Next(Words.Length)])) + "." })));
        DatasetBuilder.Build(new() { Sources = [text], Output = data, ValidationFraction = 0.2 }, cancellation: TestContext.Current.CancellationToken);
        return data;
    }

    public static TrainOutcome Train(TrainConfig config, CancellationTokenSource? stop = null, ICollectives? ranks = null, ILogger? log = null, long? until = null, bool allowNewData = false)
    {
        using var alone = new SingleProcess();
        ranks ??= alone;
        using var held = ranks.Rank == 0 ? RunFolder.Open(config.Run) : null;
        ranks.Barrier();
        using var folder = held ?? RunFolder.Join(config.Run);
        using var data = TrainingData.Open(config);
        using var trainer = new Trainer(config, folder, data, ranks, log ?? Serilog.Core.Logger.None, allowNewData);
        var outcome = trainer.Run(stop?.Token ?? CancellationToken.None, until);
        ranks.Barrier();
        return outcome;
    }

    /// <summary>Trains on ranks that are threads; tensor operations use one thread each.</summary>
    public static void TrainOn(Topology topology, TrainConfig config, long? until = null) => ThreadRanks.Run(topology, ranks =>
    {
        TorchSharp.torch.set_num_threads(config.Training.Threads);
        Train(config, ranks: ranks, until: until);
    }, config.Distributed.Reduce);

    /// <summary>Trains on ranks of one host.</summary>
    public static void TrainOn(int ranks, TrainConfig config, long? until = null) => TrainOn(new Topology(new int[ranks]), config, until);

    public static JsonElement[] Metrics(TrainConfig config) =>
        [.. File.ReadLines(Path.Combine(config.Run.Folder, config.Run.Name, "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)];

    public static double?[] Losses(TrainConfig config) => [.. Metrics(config).Select(m => m.GetProperty("loss").ValueKind == JsonValueKind.Null ? (double?)null : m.GetProperty("loss").GetDouble())];

    public static byte[] Weights(TrainConfig config) => File.ReadAllBytes(Path.Combine(config.Run.Folder, config.Run.Name, "model", "model.safetensors"));
}
