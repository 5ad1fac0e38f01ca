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
        var options = Options(config.Training, sparsity, ranks.HostRanks.Index().First(rank => rank.Item == ranks.Rank).Index) with
        {
            Audit = config.Sparsity.AuditEverySteps > 0 ? new(config.Model, config.Sparsity.AuditPositions) : null,
            BlockBackwardDone = overlaps ? layer => state!.BlockComplete(layer) : null,
        };
        state = new(new Transformer(config.Model, options), config.Optimizer, config.Distributed, ranks, BatchLayout.Of(config, ranks.WorldSize).AccumulationSteps, overlaps);
        return state;
    }

    /// <summary>How the model computes.</summary>
    /// <param name="config">Type and device.</param>
    /// <param name="sparsity">Receives what is active; null costs nothing.</param>
    /// <param name="localRank">The rank's index among those of its host: the index of its GPU.</param>
    /// <exception cref="EnvironmentException">The device is not there.</exception>
    public static ComputeOptions Options(TrainingConfig config, SparsitySink? sparsity, int localRank = 0) => new()
    {
        Dtype = ComputeChoice.Here(config) == ComputeType.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32,
        Device = config.Device == DeviceKind.Cpu ? CPU : DeviceMemory.Cuda(localRank),
        Sparsity = sparsity,
    };
}
