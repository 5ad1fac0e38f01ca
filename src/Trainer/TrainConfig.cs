using System.ComponentModel.DataAnnotations;
using SparkTrain.Checkpoints;
using SparkTrain.Data;
using SparkTrain.Distributed;
using SparkTrain.ModelFormat;

namespace SparkTrain.Trainer;

/// <summary>A training run: the table of contents of a config file.</summary>
public sealed record TrainConfig : IValidatableObject
{
    /// <summary>The run's name, folder and seed.</summary>
    public required RunConfig Run { get; init; }

    /// <summary>The model to train.</summary>
    public required ModelConfig Model { get; init; }

    /// <summary>The tokens to train on.</summary>
    public required DataConfig Data { get; init; }

    /// <summary>Length, batch and arithmetic of the training.</summary>
    public required TrainingConfig Training { get; init; }

    /// <summary>The learning rate over the steps.</summary>
    public required LrScheduleConfig LrSchedule { get; init; }

    /// <summary>AdamW.</summary>
    public OptimizerConfig Optimizer { get; init; } = new();

    /// <summary>How sparse the model is over the steps, and how closely that is watched.</summary>
    public SparsityConfig Sparsity { get; init; } = new();

    /// <summary>How ranks train together.</summary>
    public DistributedConfig Distributed { get; init; } = new();

    /// <summary>When and on how much the validation loss is computed.</summary>
    public ValidationConfig Validation { get; init; } = new();

    /// <summary>What the model is to write while it trains, and how often.</summary>
    public GenerationConfig Generation { get; init; } = new();

    /// <summary>When checkpoints are written and how many stay.</summary>
    public CheckpointConfig Checkpoint { get; init; } = new();

    /// <summary>What is logged, and how often.</summary>
    public LoggingConfig Logging { get; init; } = new();

    /// <summary>Rules that span several sections.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Training is null || Model is null || LrSchedule is null) yield break;
        if (Training.SeqLen > Model.MaxSeqLen)
            yield return new($"is {Training.SeqLen}; it must not pass Model.MaxSeqLen = {Model.MaxSeqLen}.", ["Training.SeqLen"]);
        foreach (var problem in BatchLayout.Problems(this)) yield return problem;
        if (Distributed is { Reduce: ReduceOrder.SlotTree } && Training.Threads == 0)
            yield return new("is 0; Distributed.Reduce = SlotTree needs a fixed number, because the last bits of matrix products depend on it.", ["Training.Threads"]);
        if (Sparsity is { DenseSteps: var dense, RampSteps: var ramp } && dense + ramp >= Training.Steps && dense + ramp > 0)
            yield return new($"is {dense}; with RampSteps = {ramp} the model would never be as sparse as its configuration says within Training.Steps = {Training.Steps}.", ["Sparsity.DenseSteps"]);
        if (LrSchedule.WarmupSteps + LrSchedule.DecaySteps > Training.Steps)
            yield return new($"is {LrSchedule.WarmupSteps}; with DecaySteps = {LrSchedule.DecaySteps} it must not pass Training.Steps = {Training.Steps}. For a short trial of the same run, stop early: --until {Training.Steps}.", ["LrSchedule.WarmupSteps"]);
    }
}

/// <summary>The run's name, folder and seed.</summary>
public sealed record RunConfig
{
    /// <summary>The run's name; its files go to Folder/Name.</summary>
    [RegularExpression(@"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", ErrorMessage = "must be 1 to 100 letters, digits, dots, dashes or underscores, beginning with a letter or digit.")]
    public required string Name { get; init; }

    /// <summary>The folder that holds runs.</summary>
    [MinLength(1)]
    public string Folder { get; init; } = "runs";

    /// <summary>Seed of the initial weights and of the order of the data.</summary>
    [Range(0, long.MaxValue)]
    public long Seed { get; init; } = 1;

    /// <summary>A model folder whose weights the run begins with, in place of weights drawn from Seed; its model must be that of the section Model. Read only while the run has no checkpoint.</summary>
    [MinLength(1)]
    public string? InitialModel { get; init; }
}

/// <summary>Length, batch and arithmetic of the training.</summary>
public sealed record TrainingConfig
{
    /// <summary>Optimizer steps.</summary>
    [Range(1, 1_000_000_000)]
    public required long Steps { get; init; }

    /// <summary>Tokens per sequence.</summary>
    [Range(1, 16_777_216)]
    public required int SeqLen { get; init; }

    /// <summary>Tokens per optimizer step over all ranks; gradients are accumulated over as many micro-batches as that takes.</summary>
    [Range(1L, 1_000_000_000_000L)]
    public required long GlobalBatchTokens { get; init; }

    /// <summary>Sequences per forward pass of one rank at most; each rank takes the largest divisor of its share of the step up to it. May change on resume.</summary>
    [Range(1, 65_536)]
    public required int MicroBatch { get; init; }

    /// <summary>Arithmetic of the matrix products: Float32, BFloat16 with float32 master weights and statistics, or Auto: BFloat16 where the processor multiplies it faster than float32, decided once a run.</summary>
    public ComputeType Compute { get; init; } = ComputeType.Float32;

    /// <summary>Gradients are scaled down to this global norm; 0 leaves them as they are.</summary>
    [Range(0.0, 1e9)]
    public double GradClip { get; init; } = 1.0;

    /// <summary>Where tensors live: Cpu or Cuda.</summary>
    public DeviceKind Device { get; init; } = DeviceKind.Cpu;

    /// <summary>Threads of one rank; 0 divides the cores that its host lets it use among the ranks there.</summary>
    [Range(0, 4096)]
    public int Threads { get; init; }

    /// <summary>Samples that all ranks train on in a step.</summary>
    public long SamplesPerStep() => GlobalBatchTokens / SeqLen;

    /// <summary>Tokens of the whole run.</summary>
    public long TotalTokens() => checked(Steps * GlobalBatchTokens);
}

/// <summary>Arithmetic of the matrix products.</summary>
public enum ComputeType
{
    /// <summary>IEEE 754 binary32 throughout.</summary>
    Float32,

    /// <summary>bfloat16 products that accumulate in float32; weights, statistics, softmax, norms and loss stay float32.</summary>
    BFloat16,

    /// <summary>BFloat16 where the processors of all ranks multiply it fast, else Float32; decided when the run begins, and kept.</summary>
    Auto,
}

/// <summary>Where tensors live.</summary>
public enum DeviceKind
{
    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>An NVIDIA GPU; needs a build with <c>-p:Torch=cuda</c>.</summary>
    Cuda,
}
