using System.Text.Json;
using SparkTrain.Distributed;
using SparkTrain.ModelFormat;

namespace SparkTrain.Trainer;

/// <summary>What a run will take, computed from its configuration alone.</summary>
public sealed record RunPlan
{
    /// <summary>The run's configuration.</summary>
    public required TrainConfig Config { get; init; }

    /// <summary>Ranks that train together.</summary>
    public required int WorldSize { get; init; }

    /// <summary>What each rank computes of a step.</summary>
    public required BatchLayout Batch { get; init; }

    /// <summary>Parameters by part.</summary>
    public required ParameterCount Parameters { get; init; }

    /// <summary>Ranks of one host.</summary>
    public required int RanksPerHost { get; init; }

    /// <summary>Memory of one rank.</summary>
    public required MemoryEstimate Memory { get; init; }

    /// <summary>Memory of one rank if its optimizer state were not divided among the ranks.</summary>
    public required MemoryEstimate UnshardedMemory { get; init; }

    /// <summary>FLOPs per token at the run's sequence length, every product computed, true dimensions.</summary>
    public required FlopCount Dense { get; init; }

    /// <summary>FLOPs per token at the run's sequence length at the configured sparsity, true dimensions.</summary>
    public required FlopCount Sparse { get; init; }

    /// <summary>The same two by the convention of the paper's Table C.1.</summary>
    public required (FlopCount Dense, FlopCount Sparse) PaperTable { get; init; }

    /// <summary>Floating-point operations of the whole run: forward and backward of all tokens, as executed in training.</summary>
    public required double TrainingFlops { get; init; }

    /// <summary>Bytes of one checkpoint.</summary>
    public long CheckpointBytes => 12 * Parameters.Total;

    /// <summary>Checkpoints that are on the disk at the same time, with the one that is being written, at most.</summary>
    public long CheckpointsKept =>
        1 + Config.Checkpoint.KeepLast + Config.Checkpoint.KeepBest + (Config.Checkpoint.KeepEverySteps > 0 ? Config.Training.Steps / Config.Checkpoint.KeepEverySteps : 0);

    /// <summary>Plans a run.</summary>
    /// <param name="config">The run.</param>
    /// <param name="worldSize">Ranks that train together.</param>
    /// <param name="ranksPerHost">Ranks of one host.</param>
    public static RunPlan Of(TrainConfig config, int worldSize, int ranksPerHost)
    {
        int seqLen = config.Training.SeqLen;
        return new()
        {
            Config = config,
            WorldSize = worldSize,
            Batch = BatchLayout.Of(config, worldSize),
            Parameters = ParameterCount.Of(config.Model),
            RanksPerHost = ranksPerHost,
            Memory = MemoryEstimate.Of(config, worldSize, ranksPerHost),
            UnshardedMemory = MemoryEstimate.Of(config with { Distributed = config.Distributed with { ShardOptimizer = Toggle.Off } }, worldSize, ranksPerHost),
            Dense = FlopCount.Dense(config.Model, seqLen),
            Sparse = FlopCount.Sparse(config.Model, seqLen),
            PaperTable = (FlopCount.PaperTable(config.Model, seqLen, sparse: false), FlopCount.PaperTable(config.Model, seqLen, sparse: true)),
            TrainingFlops = (FlopCount.Forward(config.Model, seqLen).Total + FlopCount.Backward(config.Model, seqLen).Total) * config.Training.TotalTokens(),
        };
    }

    /// <summary>Renders the plan as JSON: plain numbers, bytes and FLOPs.</summary>
    public string ToJson() => JsonSerializer.Serialize(new
    {
        Parameters,
        Memory,
        UnshardedMemory,
        CheckpointBytes,
        CheckpointsKept,
        Tokens = Config.Training.TotalTokens(),
        Config.Training.Steps,
        Config.Run.InitialModel,
        Batch.AccumulationSteps,
        SequencesPerMicroBatch = Batch.Rows,
        WorldSize,
        RanksPerHost,
        FlopsPerToken = new { Dense, Sparse, PaperDense = PaperTable.Dense, PaperSparse = PaperTable.Sparse },
        TrainingFlops,
    }, JsonOptions);

    private static JsonSerializerOptions JsonOptions { get; } = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}
