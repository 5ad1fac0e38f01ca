using System.ComponentModel.DataAnnotations;
using SparkTrain.Distributed;
using SparkTrain.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>AdamW (Loshchilov and Hutter, arXiv 1711.05101).</summary>
public sealed record OptimizerConfig
{
    /// <summary>Decay of the gradient's running mean.</summary>
    [Range(0.0, 0.999999)]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the squared gradient's running mean.</summary>
    [Range(0.0, 0.999999)]
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Added to the root of the squared gradient's mean.</summary>
    [Range(1e-20, 1.0)]
    public double Eps { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay of matrices; norm weights are not decayed.</summary>
    [Range(0.0, 10.0)]
    public double WeightDecay { get; init; } = 0.1;
}

/// <summary>AdamW over float32 master weights with decoupled decay on matrices only. Its two float32 moments exist for the ranges that this rank updates.</summary>
public sealed class AdamW : IDisposable
{
    private readonly OptimizerConfig config;
    private readonly FlatLayout layout;
    private readonly IReadOnlyList<FlatRange> ranges;
    private readonly KernelSet kernels;
    private readonly Tensor firstMoments, secondMoments;

    /// <summary>Makes the moments, zero.</summary>
    /// <param name="layout">The order of the parameters.</param>
    /// <param name="ranges">What this rank updates: everything, or its shards.</param>
    /// <param name="config">The settings.</param>
    /// <param name="device">Where the weights live.</param>
    /// <param name="kernels">Computes the update.</param>
    public AdamW(FlatLayout layout, IReadOnlyList<FlatRange> ranges, OptimizerConfig config, Device device, KernelSet kernels)
    {
        (this.layout, this.ranges, this.config, this.kernels) = (layout, ranges, config, kernels);
        long count = ranges.Sum(range => range.Count);
        firstMoments = zeros(count, device: device).DetachFromDisposeScope();
        secondMoments = zeros(count, device: device).DetachFromDisposeScope();
    }

    /// <summary>The moments of each updated range, as views: m, the running mean of the gradient, and v, of its square.</summary>
    public IEnumerable<(FlatRange Range, Tensor M, Tensor V)> Moments()
    {
        long at = 0;
        foreach (var range in ranges)
        {
            yield return (range, firstMoments.narrow(0, at, range.Count), secondMoments.narrow(0, at, range.Count));
            at += range.Count;
        }
    }

    /// <summary>Updates the ranges of this rank from the gradients.</summary>
    /// <param name="weights">All weights, flat.</param>
    /// <param name="gradients">The gradients, flat; only the ranges of this rank are read.</param>
    /// <param name="step">The update's number, counted from 1.</param>
    /// <param name="lr">Learning rate.</param>
    /// <param name="gradientScale">Factor on the gradients: one over the number of targets, times the clipping factor.</param>
    public void Step(Tensor weights, Tensor gradients, long step, double lr, double gradientScale)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (range, firsts, seconds) in Moments())
            foreach (var (parameter, part) in layout.In(range))
            {
                var (m, v) = (firsts.narrow(0, part.Begin - range.Begin, part.Count), seconds.narrow(0, part.Begin - range.Begin, part.Count));
                var update = new AdamWUpdate(lr, config.Beta1, config.Beta2, config.Eps, parameter.Slot.Decays ? config.WeightDecay : 0, step, gradientScale);
                kernels.AdamW(FlatLayout.Slice(weights, part), FlatLayout.Slice(gradients, part), m, v, update);
            }
    }

    /// <summary>Frees the moments.</summary>
    public void Dispose()
    {
        firstMoments.Dispose();
        secondMoments.Dispose();
    }
}
