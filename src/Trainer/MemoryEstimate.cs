using System.Numerics;
using SparkTrain.Distributed;
using SparkTrain.ModelFormat;
using SparkTrain.Native;

namespace SparkTrain.Trainer;

/// <summary>Memory that training takes on one rank, in bytes, computed from the configuration.</summary>
/// <param name="Weights">Float32 master weights: the rank's part of the one copy that its host has where the optimizer is sharded, else a copy.</param>
/// <param name="Gradients">Float32 gradients, with the branches of the slot tree.</param>
/// <param name="Optimizer">The optimizer's float32 state (AdamW: two numbers a weight), of the rank's shards where the optimizer is sharded.</param>
/// <param name="ComputeCopies">bfloat16 copies of the matrices (Compute = BFloat16).</param>
/// <param name="Snapshot">The copy of the rank's part of weights and optimizer state that a checkpoint is written from (Checkpoint.Asynchronous).</param>
/// <param name="Activations">What a micro-batch's backward pass needs; an estimate.</param>
/// <param name="Runtime">Libraries, .NET, data and what libtorch keeps for itself; an estimate.</param>
public sealed record MemoryEstimate(long Weights, long Gradients, long Optimizer, long ComputeCopies, long Snapshot, long Activations, long Runtime)
{
    private const long RuntimeBytes = 300L << 20;

    /// <summary>All of it.</summary>
    public long Total => Weights + Gradients + Optimizer + ComputeCopies + Snapshot + Activations + Runtime;

    /// <summary>The part that the ranks of a host map from its shared memory (/dev/shm) when there are several.</summary>
    public long Shared => Weights + GradientBuffer;

    private long GradientBuffer { get; init; }

    /// <summary>Estimates the memory of one rank.</summary>
    /// <param name="config">The run.</param>
    /// <param name="worldSize">Ranks that train together.</param>
    /// <param name="ranksPerHost">Ranks of one host.</param>
    public static MemoryEstimate Of(TrainConfig config, int worldSize, int ranksPerHost)
    {
        long parameters = ParameterCount.Of(config.Model).Total;
        bool bfloat16 = ComputeChoice.Here(config.Training) == ComputeType.BFloat16, sharded = config.Distributed.ShardsOptimizer(worldSize);
        var layout = BatchLayout.Of(config, worldSize);
        int branches = config.Distributed.Reduce == ReduceOrder.SlotTree ? BitOperations.Log2((uint)layout.AccumulationSteps) : 0;
        int slots = config.Optimizer.Kind.Slots().Count;
        return new(4 * parameters / (sharded ? ranksPerHost : 1), 4 * parameters * (1 + branches), 4 * slots * parameters / (sharded ? worldSize : 1), bfloat16 ? 2 * parameters : 0, config.Checkpoint.Asynchronous ? 4 * (1 + slots) * parameters / worldSize : 0, ActivationBytes(config, layout.Rows, bfloat16), RuntimeBytes)
        {
            GradientBuffer = 4 * parameters,
        };
    }

    /// <summary>Refuses a run that this machine cannot hold, before anything is allocated.</summary>
    /// <param name="config">The run.</param>
    /// <param name="worldSize">Ranks that train together.</param>
    /// <param name="ranksHere">Those of this machine.</param>
    /// <param name="availableBytes">Memory that can be had.</param>
    /// <exception cref="EnvironmentException">The estimate is larger than that.</exception>
    public static void Require(TrainConfig config, int worldSize, int ranksHere, long availableBytes)
    {
        var need = Of(config, worldSize, ranksHere);
        if (config.Training.Device != DeviceKind.Cpu || need.Total * ranksHere <= availableBytes) return;
        string ranks = ranksHere == 1 ? "one rank needs" : $"{ranksHere} ranks need {Gigabytes(need.Total * ranksHere)}, each";
        throw new EnvironmentException(config.Run.Name, $"{Gigabytes(availableBytes)} of memory are available",
            $"{ranks} about {Gigabytes(need.Total)}: weights {Gigabytes(need.Weights)}, gradients {Gigabytes(need.Gradients)}, " +
            $"optimizer {Gigabytes(need.Optimizer)}, bf16 copies {Gigabytes(need.ComputeCopies)}, snapshot {Gigabytes(need.Snapshot)}, activations {Gigabytes(need.Activations)}",
            "set Checkpoint.Asynchronous to false to do without the snapshot, lower Training.MicroBatch where activations are the larger part, choose a smaller model or fewer ranks a machine, or use one with more memory; `plan` shows the parts");
    }

    /// <summary>Renders bytes as gigabytes (10⁹).</summary>
    public static string Gigabytes(long bytes) => (bytes / 1e9).ToString("F1", System.Globalization.CultureInfo.InvariantCulture) + " GB";

    // Per token, in floats; bf16 products save half-width copies of their inputs, float32 ones the inputs themselves.
    private static long ActivationBytes(TrainConfig config, int rows, bool bfloat16)
    {
        var (m, a) = (config.Model, config.Model.Attention);
        double copy = bfloat16 ? 0.5 : 1;
        double[] neurons = [.. Enumerable.Range(0, m.NumLayers).Select(layer => (double)m.Ffn.Of(layer).DFf)];
        // Saved for backward: the inputs of four norms, of the projections (q, k and v cast theirs each for itself) and of the FFN; q, k, v and the heads' output; scores, values and product of the neurons.
        double layer = (4 + (bfloat16 ? 3 : 1) * copy + copy) * m.DModel + a.HeadDim * ((1 + copy) * a.NumHeads + 2.0 * a.NumKvHeads);
        double saved = m.NumLayers * layer + (2 + copy) * neurons.Sum();
        // Alive for a moment only, in the largest layer: the gradients of its neurons, with the copies that the products take; and of the residual stream.
        double moment = (bfloat16 ? 4 : 3) * neurons.Max() + 6.0 * m.DModel;
        // Gradients of the embedding, from the head and from the input; logits of a chunk of rows.
        const int HeadRows = 512;
        double head = 2.0 * m.VocabSize * m.DModel + 2.0 * HeadRows * m.VocabSize;
        // A validation keeps one layer's at a time, of Training.MicroBatch sequences on any number of ranks.
        double training = (double)rows * config.Training.SeqLen * (saved + moment), validation = (double)config.Training.MicroBatch * config.Training.SeqLen * (saved / m.NumLayers + moment);
        return (long)(4 * (Math.Max(training, validation) + head));
    }
}
