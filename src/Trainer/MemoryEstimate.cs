using SparkTrain.ModelFormat;
using SparkTrain.Native;

namespace SparkTrain.Trainer;

/// <summary>Memory that training takes on one rank, in bytes, computed from the configuration.</summary>
/// <param name="Weights">Float32 master weights.</param>
/// <param name="Gradients">Float32 gradients.</param>
/// <param name="Optimizer">AdamW's two float32 moments.</param>
/// <param name="ComputeCopies">bfloat16 copies of the matrices (Compute = BFloat16).</param>
/// <param name="Activations">What a micro-batch's backward pass needs; an estimate.</param>
/// <param name="Runtime">Libraries, data and allocator; an estimate.</param>
public sealed record MemoryEstimate(long Weights, long Gradients, long Optimizer, long ComputeCopies, long Activations, long Runtime)
{
    private const long RuntimeBytes = 1000L << 20;

    /// <summary>All of it.</summary>
    public long Total => Weights + Gradients + Optimizer + ComputeCopies + Activations + Runtime;

    /// <summary>Estimates the memory of one rank.</summary>
    public static MemoryEstimate Of(TrainConfig config)
    {
        long parameters = ParameterCount.Of(config.Model).Total;
        bool bfloat16 = config.Training.Compute == ComputeType.BFloat16;
        return new(4 * parameters, 4 * parameters, 8 * parameters, bfloat16 ? 2 * parameters : 0, ActivationBytes(config, bfloat16), RuntimeBytes);
    }

    /// <summary>Refuses a run that this machine cannot hold, before anything is allocated.</summary>
    /// <param name="config">The run.</param>
    /// <param name="availableBytes">Memory that can be had.</param>
    /// <exception cref="EnvironmentException">The estimate is larger than that.</exception>
    public static void Require(TrainConfig config, long availableBytes)
    {
        var need = Of(config);
        if (config.Training.Device != DeviceKind.Cpu || need.Total <= availableBytes) return;
        throw new EnvironmentException(config.Run.Name, $"{Gigabytes(availableBytes)} of memory are available",
            $"one rank needs about {Gigabytes(need.Total)}: weights {Gigabytes(need.Weights)}, gradients {Gigabytes(need.Gradients)}, " +
            $"optimizer {Gigabytes(need.Optimizer)}, bf16 copies {Gigabytes(need.ComputeCopies)}, activations {Gigabytes(need.Activations)}",
            "lower Training.MicroBatch where activations are the larger part, choose a smaller model, or use a machine with more memory; `plan` shows the parts");
    }

    /// <summary>Renders bytes as gigabytes (10⁹).</summary>
    public static string Gigabytes(long bytes) => (bytes / 1e9).ToString("F1", System.Globalization.CultureInfo.InvariantCulture) + " GB";

    // Saved for backward, per token and layer, in floats: the norms' inputs and outputs and the residuals (8 d), q, k, v before and after rotation and the
    // heads' output, and the scores, values and products of the FFN. bf16 products keep a half-width copy of their inputs beside them.
    private static long ActivationBytes(TrainConfig config, bool bfloat16)
    {
        var m = config.Model;
        long tokens = (long)config.Training.MicroBatch * config.Training.SeqLen;
        double heads = (double)m.Attention.HeadDim * (3 * m.Attention.NumHeads + 4 * m.Attention.NumKvHeads);
        double perToken = 8.0 * m.DModel + heads + 4.0 * m.Ffn.DFf + (bfloat16 ? (2.0 * m.DModel + m.Ffn.DFf) / 2 : 0);
        const int HeadRows = 512;
        return (long)(4 * (tokens * (perToken * m.NumLayers + 6.0 * m.DModel) + 3.0 * HeadRows * m.VocabSize));
    }
}
