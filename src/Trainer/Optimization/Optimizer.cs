using SparkTrain.Distributed;
using SparkTrain.Kernels;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>The numbers of one update.</summary>
/// <param name="Step">Its number, counted from 1.</param>
/// <param name="Lr">Learning rate.</param>
/// <param name="GradientScale">Factor on the gradients: one over the number of targets, times the clipping factor.</param>
public readonly record struct OptimizerStep(long Step, double Lr, double GradientScale);

/// <summary>
/// Updates float32 master weights in a flat buffer. Its state has names, each with a float32 number for every weight of the ranges that this rank updates; checkpoints and
/// traces know no more of an optimizer than these names.
/// </summary>
public abstract class Optimizer : IDisposable
{
    private readonly FlatLayout layout;
    private readonly IReadOnlyList<FlatRange> ranges;
    private readonly Tensor[] state;

    /// <summary>Makes the state, zero.</summary>
    /// <param name="layout">The order of the parameters.</param>
    /// <param name="ranges">What this rank updates: everything, or its shards.</param>
    /// <param name="slots">The names of the state.</param>
    /// <param name="device">Where the weights live.</param>
    protected Optimizer(FlatLayout layout, IReadOnlyList<FlatRange> ranges, IReadOnlyList<string> slots, Device device)
    {
        (this.layout, this.ranges, Slots) = (layout, ranges, slots);
        long count = ranges.Sum(range => range.Count);
        state = [.. slots.Select(_ => zeros(count, device: device).DetachFromDisposeScope())];
    }

    /// <summary>Creates the optimizer of a configuration.</summary>
    /// <param name="layout">The order of the parameters.</param>
    /// <param name="ranges">What this rank updates: everything, or its shards.</param>
    /// <param name="config">The settings.</param>
    /// <param name="device">Where the weights live.</param>
    /// <param name="kernels">Computes the update.</param>
    public static Optimizer Of(FlatLayout layout, IReadOnlyList<FlatRange> ranges, OptimizerConfig config, Device device, KernelSet kernels) => config.Kind switch
    {
        OptimizerKind.AdamW => new AdamW(layout, ranges, config, device, kernels),
        _ => throw new ArgumentOutOfRangeException(nameof(config), config.Kind, "an optimizer without code"),
    };

    /// <summary>The names of the state.</summary>
    public IReadOnlyList<string> Slots { get; }

    /// <summary>The state of each updated range in the order of <see cref="Slots"/>, as views, [range.Count] each.</summary>
    public IEnumerable<(FlatRange Range, Tensor[] State)> State()
    {
        long at = 0;
        foreach (var range in ranges)
        {
            yield return (range, [.. state.Select(slot => slot.narrow(0, at, range.Count))]);
            at += range.Count;
        }
    }

    /// <summary>Updates the ranges of this rank from the gradients.</summary>
    /// <param name="weights">All weights, flat.</param>
    /// <param name="gradients">The gradients, flat; only the ranges of this rank are read.</param>
    /// <param name="step">The numbers of the update.</param>
    public void Step(Tensor weights, Tensor gradients, OptimizerStep step)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (range, held) in State())
            foreach (var (parameter, part) in layout.In(range))
                Update(parameter, FlatLayout.Slice(weights, part), FlatLayout.Slice(gradients, part), [.. held.Select(slot => slot.narrow(0, part.Begin - range.Begin, part.Count))], step);
    }

    /// <summary>Frees the state.</summary>
    public void Dispose()
    {
        foreach (var slot in state) slot.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Updates a part of a parameter.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="weight">θ, flat, [part]; updated.</param>
    /// <param name="gradient">Its gradient before <see cref="OptimizerStep.GradientScale"/>, only read.</param>
    /// <param name="state">The state in the order of <see cref="Slots"/>, [part] each; updated.</param>
    /// <param name="step">The numbers of the update.</param>
    protected abstract void Update(FlatParameter parameter, Tensor weight, Tensor gradient, Tensor[] state, OptimizerStep step);
}
