using System.Runtime.CompilerServices;
using SparkTrain.Native;

// One test at a time: libtorch has its own threads, and live tensors are counted for the whole process.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace SparkTrain.Model.Tests;

internal static class TestAssembly
{
    [ModuleInitializer]
    internal static void LoadLibTorch() => LibTorch.Load(2);
}
