using System.Runtime.CompilerServices;
using SparkTrain.Native;

// One test at a time: libtorch has its own threads, and live tensors are counted for the whole process.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace SparkTrain.Trainer.Tests;

internal static class Torch
{
    [ModuleInitializer]
    internal static void Load() => LibTorch.Load(2);

    /// <summary>Frees the tensors that other tests left behind, so that they do not go while somebody counts; what holds something else may take several turns.</summary>
    internal static void Settle()
    {
        for (long before = -1; before != TorchSharp.torch.Tensor.TotalCount;)
        {
            before = TorchSharp.torch.Tensor.TotalCount;
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
