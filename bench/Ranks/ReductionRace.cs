using System.Diagnostics;
using System.Runtime.InteropServices;
using SparkTrain.Distributed;
using SparkTrain.Distributed.Mpi;
using SparkTrain.Native;

namespace SparkTrain.Bench;

/// <summary>Seconds of each way to add up so many bytes, one number a round.</summary>
internal sealed record ReductionResult(int Ranks, List<ReductionTimes> Times);

/// <summary>Seconds of one way to add up so many megabytes, one number a round.</summary>
internal sealed record ReductionTimes(int Megabytes, string Way, double[] Seconds);

/// <summary>Our reduction in shared memory against the message library's, on the same number of bytes, in turn.</summary>
internal static unsafe class ReductionRace
{
    private const long BytesPerSample = 64_000_000;

    // Every part of every bucket is then whole, also for MPI's equal parts.
    private const int Alignment = 64;

    public static ReductionResult Measure(BenchRank rank, int rounds, int[] sizes)
    {
        // MPI's temporary memory would otherwise come from the system, page by page, at every call.
        var ranks = rank.Ranks;
        long most = Elements(sizes.Max()), bucketElements = new DistributedConfig().BucketElements;
        RankMemory gradients = ranks.Allocate("gradients", most, onePerHost: false), weights = ranks.Allocate("weights", most, onePerHost: true);
        float* own = (float*)NativeMemory.AllocZeroed((nuint)most, sizeof(float)), part = (float*)NativeMemory.AllocZeroed((nuint)bucketElements, sizeof(float));
        var world = rank.World;
        var result = new ReductionResult(ranks.WorldSize, []);
        foreach (int megabytes in sizes)
        {
            long count = Elements(megabytes);
            var buckets = FlatRange.Buckets(count, bucketElements);
            (string Name, nint Memory, Action Run)[] ways =
            [
                ("ours: sum, everybody gets a copy", (nint)gradients.Pointer, () => { foreach (var bucket in buckets) { ranks.ReduceScatter(gradients, bucket); ranks.AllGather(gradients, bucket); } }),
                ("ours: sum, weights shared", 0, () => { foreach (var bucket in buckets) ranks.ReduceScatter(gradients, bucket); foreach (var bucket in buckets) ranks.AllGather(weights, bucket); }),
                ("MPI_Allreduce, one call", (nint)own, () => world.Allreduce(new Span<float>(own, (int)count), Operation.Add)),
                ("MPI_Allreduce, 25 MB buckets", (nint)own, () => { foreach (var bucket in buckets) world.Allreduce(new Span<float>(own + bucket.Begin, (int)bucket.Count), Operation.Add); }),
                ("MPI_Reduce_scatter_block + Allgather", (nint)own, () =>
                {
                    foreach (var bucket in buckets)
                    {
                        Span<float> all = new(own + bucket.Begin, (int)bucket.Count), mine = new(part, (int)bucket.Count / world.Size);
                        world.ReduceScatter<float>(all, mine, Operation.Add);
                        world.Allgather<float>(mine, all);
                    }
                }),
            ];
            foreach (var way in ways) Check(way.Name, (float*)way.Memory, count, world, way.Run);
            int repeats = (int)Math.Max(1, BytesPerSample / (count * sizeof(float)));
            var seconds = Array.ConvertAll(ways, _ => new double[rounds]);
            for (int round = 0; round < rounds; round++)
                for (int way = 0; way < ways.Length; way++) seconds[way][round] = Time(world, ways[way].Run, repeats);
            for (int way = 0; way < ways.Length; way++) result.Times.Add(new(megabytes, ways[way].Name, seconds[way]));
        }
        NativeMemory.Free(own);
        NativeMemory.Free(part);
        return result;
    }

    // Also the warm-up. Afterwards the memory is 0, which stays 0 however often it is added up.
    private static void Check(string way, float* memory, long count, Intracommunicator world, Action run)
    {
        if (memory != null) new Span<float>(memory, (int)count).Fill(world.Rank + 1);
        run();
        world.Barrier();
        if (memory == null) return;
        float expected = world.Size * (world.Size + 1) / 2f;
        if (new Span<float>(memory, (int)count).ContainsAnyExcept(expected)) throw new InvalidOperationException($"{way}: wrong sums");
        new Span<float>(memory, (int)count).Clear();
        world.Barrier();
    }

    private static double Time(Intracommunicator world, Action run, int repeats)
    {
        world.Barrier();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < repeats; i++) run();
        world.Barrier();
        return Stopwatch.GetElapsedTime(start).TotalSeconds / repeats;
    }

    private static long Elements(int megabytes) => megabytes * 1_000_000L / sizeof(float) / Alignment * Alignment;
}
