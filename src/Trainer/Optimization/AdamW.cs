using SparkTrain.Distributed;
using SparkTrain.Kernels;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>AdamW (Loshchilov and Hutter, arXiv 1711.05101) with decoupled decay on matrices only. Its state is m, the running mean of the gradient, and v, of its square.</summary>
public sealed class AdamW(FlatLayout layout, IReadOnlyList<FlatRange> ranges, OptimizerConfig config, Device device, KernelSet kernels) : Optimizer(layout, ranges, OptimizerKind.AdamW.Slots(), device)
{
    /// <inheritdoc/>
    protected override void Update(FlatParameter parameter, Tensor weight, Tensor gradient, Tensor[] state, OptimizerStep step) =>
        kernels.AdamW(weight, gradient, state[0], state[1], new(step.Lr, config.Beta1, config.Beta2, config.Eps, parameter.Slot.Decays ? config.WeightDecay : 0, step.Step, step.GradientScale));
}
