using System.ComponentModel.DataAnnotations;
using SparkTrain.Model.Kernels;
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

/// <summary>AdamW over float32 master weights with decoupled decay on matrices only; its two moments are float32 too.</summary>
public sealed class AdamW(IReadOnlyList<(string Name, Tensor Weight)> parameters, GradientBuffer gradients, OptimizerConfig config) : IDisposable
{
    private readonly Tensor firstMoments = zeros(gradients.Count, device: gradients.Flat.device);
    private readonly Tensor secondMoments = zeros(gradients.Count, device: gradients.Flat.device);

    /// <summary>The moments of each weight, in the weight's shape, as views: m, the running mean of the gradient, and v, of its square.</summary>
    public IEnumerable<(string Name, Tensor M, Tensor V)> Moments() =>
        parameters.Select(p => (p.Name, gradients.View(firstMoments, p.Name), gradients.View(secondMoments, p.Name)));

    /// <summary>Updates every weight from the gradients.</summary>
    /// <param name="step">The update's number, counted from 1.</param>
    /// <param name="lr">Learning rate.</param>
    /// <param name="gradientScale">Factor on the gradients: one over the number of targets, times the clipping factor.</param>
    public void Step(long step, double lr, double gradientScale)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (name, weight) in parameters)
        {
            double decay = weight.dim() >= 2 ? config.WeightDecay : 0;
            var (g, m, v) = (gradients.View(gradients.Flat, name), gradients.View(firstMoments, name), gradients.View(secondMoments, name));
            if (weight.device_type == DeviceType.CPU) AdamWKernel.Step(weight, g, m, v, lr, config.Beta1, config.Beta2, config.Eps, decay, step, gradientScale);
            else Composed(weight, g * gradientScale, m, v, lr, decay, step);
        }
    }

    /// <summary>Frees the moments.</summary>
    public void Dispose()
    {
        firstMoments.Dispose();
        secondMoments.Dispose();
    }

    // θ ← θ − lr·λ·θ − lr·m̂ / (√v̂ + ε), with m̂ = m / (1 − β1ᵗ) and v̂ = v / (1 − β2ᵗ).
    private void Composed(Tensor weight, Tensor g, Tensor m, Tensor v, double lr, double decay, long step)
    {
        m.mul_(config.Beta1).add_(g, alpha: 1 - config.Beta1);
        v.mul_(config.Beta2).addcmul_(g, g, 1 - config.Beta2);
        double correction1 = 1 - Math.Pow(config.Beta1, step), correction2 = 1 - Math.Pow(config.Beta2, step);
        var denominator = v.sqrt().div_(Math.Sqrt(correction2)).add_(config.Eps);
        weight.mul_(1 - lr * decay).addcdiv_(m, denominator, -lr / correction1);
    }
}
