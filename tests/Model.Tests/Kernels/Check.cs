using SparkTrain.Kernels;
using SparkTrain.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Model.Tests.Kernels;

/// <summary>Compares a kernel in float32 with the composed form in float64: output, every gradient, equal bits in every run, no tensor left behind.</summary>
internal static class Check
{
    /// <summary>Standard normal values times <paramref name="scale"/>, the same for the same seed.</summary>
    public static Tensor Normal(int seed, double scale, params long[] shape)
    {
        using var generator = new Generator((ulong)seed, CPU);
        return randn(shape, ScalarType.Float32, generator: generator).mul_(scale);
    }

    /// <summary>Asserts that both functions and their gradients agree within <paramref name="tolerance"/> of each tensor's largest entry.</summary>
    /// <param name="floor">The scale of errors where all entries are smaller: the size of the numbers whose differences they are.</param>
    /// <param name="acrossThreads">False where libtorch's own matrix products take part: their bits depend on the number of threads.</param>
    public static void Agree(Func<Tensor[], Tensor> kernel, Func<Tensor[], Tensor> reference, Tensor[] inputs, double tolerance, double floor = 0, bool acrossThreads = true)
    {
        using var scope = NewDisposeScope();
        Run(kernel, inputs, ScalarType.Float32);
        var (actual, left) = Counted(() => Run(kernel, inputs, ScalarType.Float32));
        if (left != 0)
        {
            // Tensors of earlier tests may have been finalized meanwhile; now they are gone, and a second difference is the kernel's.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            (actual, left) = Counted(() => Run(kernel, inputs, ScalarType.Float32));
        }
        Assert.Equal(0, left);

        var again = RunWithThreads(acrossThreads ? 1 : 2, () => Run(kernel, inputs, ScalarType.Float32));
        var expected = Run(reference, inputs, ScalarType.Float64);
        for (int i = 0; i < actual.Length; i++)
        {
            string what = i == 0 ? "output" : $"gradient of input {i - 1}";
            Assert.True(actual[i].equal(again[i]).all().item<bool>(), $"{what}: another run gives other bits");
            Close(expected[i], actual[i], tolerance, what, floor);
        }
    }

    // The tensors of a run, and how many more than these it left alive.
    private static (Tensor[] Tensors, long Left) Counted(Func<Tensor[]> run)
    {
        long live = Tensor.TotalCount;
        var tensors = run();
        return (tensors, Tensor.TotalCount - live - tensors.Length);
    }

    /// <summary>Asserts that no entry is further away than <paramref name="tolerance"/> of the largest expected entry.</summary>
    public static void Close(Tensor expected, Tensor actual, double tolerance, string what, double floor = 1e-30)
    {
        Assert.Equal(expected.shape, actual.shape);
        if (expected.numel() == 0) return;
        using var scope = NewDisposeScope();
        double scale = Math.Max(expected.abs().max().to(ScalarType.Float64).item<double>(), Math.Max(floor, 1e-30));
        double error = (expected.to(ScalarType.Float64) - actual.to(ScalarType.Float64)).abs().max().item<double>() / scale;
        Assert.True(error <= tolerance, $"{what}: off by {error:g3} of {scale:g3}; {tolerance:g3} is allowed");
    }

    /// <summary>Output, then the gradient of every floating-point input, for a fixed random upstream gradient. The caller's scope owns them.</summary>
    public static Tensor[] Run(Func<Tensor[], Tensor> function, Tensor[] inputs, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var leaves = Array.ConvertAll(inputs, t => t.detach().to(dtype).clone().requires_grad_());
        var output = function(leaves);
        output.backward([Normal(99, 1, output.shape).to(output.dtype)]);
        KernelFailure.ThrowIfAny();
        return [.. new[] { output.detach() }.Concat(leaves.Select(t => t.grad!)).Select(t => t.MoveToOuterDisposeScope())];
    }

    private static T RunWithThreads<T>(int threads, Func<T> run)
    {
        set_num_threads(threads);
        try
        {
            return run();
        }
        finally
        {
            set_num_threads(2);
        }
    }
}

/// <summary>Kernel tests count live tensors and change the number of threads, so nothing runs beside them.</summary>
[CollectionDefinition(nameof(KernelTests), DisableParallelization = true)]
public sealed class KernelTests : ICollectionFixture<KernelTests>
{
    public KernelTests() => LibTorch.Load(2);
}
