using SparkTrain.Configuration;
using SparkTrain.Distributed;
using SparkTrain.ModelFormat;
using SparkTrain.Trainer;

namespace SparkTrain.Bench;

/// <summary>The runs that ranks are measured with; a step of a rank is one micro-batch.</summary>
internal static class BenchModels
{
    /// <summary>Loads a shipped configuration.</summary>
    public static TrainConfig Shipped(string name) => StrictConfiguration.Load<TrainConfig>(Path.Combine(AppContext.BaseDirectory, "configs", name + ".json"), []).Value;

    /// <summary>The run of a name: <c>spark-30m</c>, or a shipped configuration.</summary>
    /// <param name="name">The name.</param>
    /// <param name="place">Holds the data and the run's folder.</param>
    /// <param name="ranks">Ranks that train together.</param>
    /// <param name="run">Name of the run's folder.</param>
    public static TrainConfig Of(string name, BenchPlace place, int ranks, string run)
    {
        var tiny = Shipped("spark-tiny");
        var config = name switch
        {
            "spark-30m" => tiny with { Model = Spark30M, Training = tiny.Training with { MicroBatch = 4, SeqLen = 256 } },
            _ => Shipped(name),
        };
        return config with
        {
            Run = new() { Name = run, Folder = place.Runs },
            Data = new() { Folder = place.Data },
            Training = config.Training with { Threads = 1, GlobalBatchTokens = (long)config.Training.MicroBatch * config.Training.SeqLen * ranks },
        };
    }

    private static ModelConfig Spark30M => new()
    {
        VocabSize = 8192, DModel = 512, NumLayers = 8, MaxSeqLen = 512,
        Ffn = new() { Kind = FfnKind.Spark, DFf = 2304, PredictorDim = 256, Active = 184 },
        Attention = new() { Kind = AttentionKind.Spark, NumHeads = 8, NumKvHeads = 4, HeadDim = 64, PredictorDim = 32, Active = 64, Window = 128 },
    };
}
