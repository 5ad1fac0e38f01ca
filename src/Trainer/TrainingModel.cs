using SparkTrain.Model;
using SparkTrain.Native;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>Builds the model of a run.</summary>
public static class TrainingModel
{
    /// <summary>Creates the model with weights drawn from the seed, its gradients and its optimizer.</summary>
    /// <exception cref="EnvironmentException">The device is not there.</exception>
    public static TrainState Create(TrainConfig config, SparsitySink sparsity)
    {
        var model = new SparkTransformer(config.Model, Options(config.Training, sparsity));
        WeightInit.Fill(model, config.Run.Seed);
        return new(model, config.Optimizer);
    }

    /// <summary>How the model computes.</summary>
    /// <exception cref="EnvironmentException">The device is not there.</exception>
    public static ComputeOptions Options(TrainingConfig config, SparsitySink? sparsity) => new()
    {
        Dtype = config.Compute == ComputeType.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32,
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
