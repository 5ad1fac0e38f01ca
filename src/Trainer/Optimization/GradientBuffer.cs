using SparkTrain.Distributed;
using SparkTrain.Model.Kernels;
using SparkTrain.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>
/// All gradients in one flat float32 buffer, in the order of the parameters: autograd adds into its views, and one pass clears, sums over
/// ranks, or measures them. The layout depends on the model only, not on the number of ranks.
/// </summary>
public sealed class GradientBuffer : IDisposable
{
    private readonly Dictionary<string, (long Offset, long[] Shape)> layout = [];

    /// <summary>Lays the buffer out and makes each parameter's gradient a view of it.</summary>
    public GradientBuffer(IReadOnlyList<(string Name, Tensor Weight)> parameters)
    {
        foreach (var (name, weight) in parameters)
        {
            layout[name] = (Count, weight.shape);
            Count += weight.numel();
        }
        Flat = zeros(Count, device: parameters[0].Weight.device);
        foreach (var (name, weight) in parameters) weight.grad = View(Flat, name);
    }

    /// <summary>Number of parameters.</summary>
    public long Count { get; }

    /// <summary>The gradients, [Count].</summary>
    public Tensor Flat { get; }

    /// <summary>Returns the part of a buffer of this layout that belongs to a parameter, in the parameter's shape.</summary>
    public Tensor View(Tensor flat, string name)
    {
        var (offset, shape) = layout[name];
        return flat.narrow(0, offset, shape.Aggregate(1L, (a, b) => a * b)).view(shape);
    }

    /// <summary>Sets all gradients to zero.</summary>
    public void Clear() => Flat.zero_();

    /// <summary>Replaces the gradients by their sum over the ranks.</summary>
    public unsafe void AllReduce(ICollectives ranks)
    {
        if (ranks.WorldSize > 1) ranks.AllReduceSum(TensorMemory.Float32(Flat), Count);
    }

    /// <summary>Returns the sum of the squared gradients, added up in float64.</summary>
    public double SumOfSquares() => Flat.device_type == DeviceType.CPU ? GradNormKernel.SumOfSquares(Flat) : Flat.square().sum(ScalarType.Float64).item<double>();

    /// <summary>Frees the buffer.</summary>
    public void Dispose() => Flat.Dispose();
}
