using System.Globalization;
using SparkTrain.Checkpoints;
using SparkTrain.Distributed;
using SparkTrain.ModelFormat;
using SparkTrain.Native;
using SparkTrain.Trainer;

namespace SparkTrain.Bench;

/// <summary>A training run with a state of a given size, and a folder on the disk that is measured.</summary>
internal sealed class CheckpointWork : IDisposable
{
    private const string Fingerprint = "bench";

    private readonly SingleProcess alone = new();
    private readonly TrainConfig config;
    private long saves;

    /// <summary>Builds the run.</summary>
    /// <param name="gigabytes">What a checkpoint holds at least, in 10⁹ bytes.</param>
    /// <param name="place">Holds the data.</param>
    /// <param name="folder">Is on the disk that is measured.</param>
    public CheckpointWork(double gigabytes, BenchPlace place, string folder)
    {
        var model = Model(layers: 1);
        while (StateBytes(model) < gigabytes * 1e9) model = Model(model.NumLayers + 1);
        var like = BenchModels.Of("spark-30m", place, ranks: 1, "checkpoint");
        config = like with { Model = model, Training = like.Training with { SeqLen = 512, MicroBatch = 4, GlobalBatchTokens = 2048 } };
        Folder = Directory.CreateDirectory(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"bench-checkpoint-{Environment.ProcessId}"))).FullName;
        Store = new(Path.Combine(Folder, "checkpoints"));
        Run = new(config, alone);
    }

    /// <summary>Makes steps.</summary>
    public BenchRun Run { get; }

    /// <summary>Weights and moments in a checkpoint.</summary>
    public long Bytes => 3 * sizeof(float) * Run.State.Layout.Count;

    /// <summary>Tokens of a step.</summary>
    public long TokensPerStep => config.Training.GlobalBatchTokens;

    /// <summary>Deleted at the end.</summary>
    public string Folder { get; }

    /// <summary>The checkpoints.</summary>
    public CheckpointStore Store { get; }

    /// <summary>Makes a writer that keeps all it writes, as a run does.</summary>
    public CheckpointWriter Writer(bool asynchronous, bool readBack) =>
        new(Store, new() { Asynchronous = asynchronous, ReadBack = readBack, KeepLast = int.MaxValue }, Run.State, alone, () => { }, () => new Dictionary<long, double>());

    /// <summary>Begins to save the state as it is now.</summary>
    public void Begin(CheckpointWriter writer) => writer.Begin(++saves, Run.State.Describe(config, Fingerprint));

    /// <summary>Deletes all checkpoints.</summary>
    public void Clear()
    {
        if (Directory.Exists(Store.Folder)) Directory.Delete(Store.Folder, recursive: true);
    }

    private readonly TensorMemory memory = new();

    /// <summary>The address of the weights: a third of the state.</summary>
    public unsafe float* Weights => memory.Float32(Run.State.Weights);

    public void Dispose()
    {
        memory.Dispose();
        Run.Dispose();
        alone.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private static long StateBytes(ModelConfig model) => 3 * sizeof(float) * ParameterCount.Of(model).Total;

    private static ModelConfig Model(int layers) => new()
    {
        VocabSize = 8192, DModel = 768, NumLayers = layers, MaxSeqLen = 512,
        Ffn = new() { Kind = FfnKind.Spark, DFf = 4608, PredictorDim = 384, Active = 369 },
        Attention = new() { Kind = AttentionKind.Spark, NumHeads = 12, NumKvHeads = 4, HeadDim = 64, PredictorDim = 32, Active = 64, Window = 256 },
    };
}
