using System.Globalization;
using System.Runtime.InteropServices;
using SparkTrain.Distributed;
using SparkTrain.Native;
using SparkTrain.Trainer;

namespace SparkTrain.Bench;

/// <summary>What weights, gradients and optimizer of each rank take, and what the estimate says, in bytes.</summary>
internal sealed record StateMemoryResult(int Ranks, bool Sharded, double[] Measured, long Estimate);

/// <summary>Measures the memory of training state. Memory that processes share counts in parts: Pss, the proportional set size that the kernel keeps.</summary>
internal static partial class StateMemory
{
    public static StateMemoryResult Measure(BenchRank rank, BenchPlace place, Toggle sharding)
    {
        LibTorch.Load(threads: 1);
        int world = rank.Ranks.WorldSize;
        // Code, libraries and the loaders' threads are there before the state is.
        using (var first = Make("spark-tiny")) first.Steps(2);
        long before = Proportional(rank);
        using var run = Make("spark-30m");
        // All memory has been touched then.
        run.Steps(2);
        long after = Proportional(rank);
        var need = MemoryEstimate.Of(Config("spark-30m"), world, world);
        return new(world, Config("spark-30m").Distributed.ShardsOptimizer(world), rank.Gather(after - before), need.Weights + need.Gradients + need.Optimizer);

        BenchRun Make(string model) => new(Config(model), rank.Ranks);

        TrainConfig Config(string model)
        {
            // Float32 keeps no copies of the weights, and a short batch little else beside the state.
            var config = BenchModels.Of(model, place, world, model);
            return config with
            {
                Training = config.Training with { Compute = ComputeType.Float32, MicroBatch = 1, SeqLen = 64, GlobalBatchTokens = 64L * world },
                Distributed = config.Distributed with { ShardOptimizer = sharding },
            };
        }
    }

    private static long Proportional(BenchRank rank)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        _ = ReleaseFreedMemory(0);
        rank.Meet();
        long kilobytes = long.Parse(File.ReadLines("/proc/self/smaps_rollup").Single(line => line.StartsWith("Pss:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        rank.Meet();
        return kilobytes * 1024;
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int ReleaseFreedMemory(nuint pad);
}
