using SparkTrain.Distributed;
using SparkTrain.Model;
using SparkTrain.Native;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>Builds the model of a run.</summary>
public static class TrainingModel
{
    /// <summary>Creates the model with the weights that a run begins with, its gradients and its optimizer. All ranks call it.</summary>
    /// <exception cref="EnvironmentException">The device is not there.</exception>
    /// <exception cref="ModelFormat.ModelFormatException">Run.InitialModel cannot be used.</exception>
    public static TrainState Create(TrainConfig config, SparsitySink sparsity, ICollectives ranks)
    {
        var state = Allocate(config, sparsity, ranks);
        InitialWeights.Fill(state, config, ranks);
        return state;
    }

    /// <summary>Creates the model, whose weights hold no values yet, its gradients and its optimizer. All ranks call it.</summary>
    /// <exception cref="EnvironmentException">The device is not there.</exception>
    public static TrainState Allocate(TrainConfig config, SparsitySink sparsity, ICollectives ranks)
    {
        bool overlaps = config.Distributed.Overlaps(ranks, get_num_threads(), Environment.ProcessorCount) && config.Training.Device == DeviceKind.Cpu;
        TrainState? state = null;
        var options = Options(config.Training, sparsity) with
        {
            Audit = config.Sparsity.AuditEverySteps > 0 ? new(config.Model, config.Sparsity.AuditPositions) : null,
            BlockBackwardDone = overlaps ? layer => state!.BlockComplete(layer) : null,
        };
        state = new(new Transformer(config.Model, options), config.Optimizer, config.Distributed, ranks, BatchLayout.Of(config, ranks.WorldSize).AccumulationSteps, overlaps);
        return state;
    }

    /// <summary>How the model computes.</summary>
    /// <exception cref="EnvironmentException">The device is not there.</exception>
    public static ComputeOptions Options(TrainingConfig config, SparsitySink? sparsity) => new()
    {
        Dtype = ComputeChoice.Here(config) == ComputeType.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32,
        Device = DeviceOf(config.Device),
        Sparsity = sparsity,
    };

    private static Device DeviceOf(DeviceKind kind)
    {
        if (kind == DeviceKind.Cpu) return CPU;
        return cuda.is_available() ? CUDA
            : throw new EnvironmentException("Training.Device", "it is Cuda, and libtorch found no CUDA device", "an NVIDIA GPU and a build with CUDA", "build with `dotnet build -p:Torch=cuda` on a machine with a GPU, or set Training.Device to Cpu");
    }
}
