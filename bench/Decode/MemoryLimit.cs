using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using SparkTrain.Inference;

namespace SparkTrain.Bench;

/// <summary>How fast threads can read memory when they do nothing else: one stream each over 2 MiB pages. What no decoder can pass.</summary>
internal sealed unsafe partial class MemoryLimit : IDisposable
{
    private const long Size = 1L << 30;

    private const nuint HugePage = 2 << 20;

    private const int AdviseHugePages = 14;

    private readonly byte* bytes;
    private float sink;

    /// <summary>Takes a gibibyte and writes to all of it.</summary>
    public MemoryLimit()
    {
        bytes = (byte*)NativeMemory.AlignedAlloc((nuint)Size, HugePage);
        // Where the system refuses, pages are small and the limit lower.
        _ = Advise(bytes, (nuint)Size, AdviseHugePages);
        NativeMemory.Fill(bytes, (nuint)Size, 1);
    }

    /// <summary>Reads all of it, left to the processor and asked for ahead, and returns the better of both, in bytes per second from the first thread's start to the last one's end.</summary>
    /// <param name="threads">Threads, each with a part of its own.</param>
    /// <param name="passes">How often.</param>
    public double BytesPerSecond(int threads, int passes = 2) => Math.Max(Read<NoPrefetch>(threads, passes), Read<PassingPrefetch>(threads, passes));

    private double Read<TPrefetch>(int threads, int passes) where TPrefetch : struct, IPrefetch
    {
        long part = Size / threads / 512 * 512;
        float[] sums = new float[threads];
        int ready = 0;
        var others = Enumerable.Range(1, threads - 1).Select(i => new Thread(() => Work(i))).ToArray();
        foreach (var thread in others) thread.Start();
        // All stand on a core of their own before any begins.
        while (Volatile.Read(ref ready) < threads - 1) Thread.SpinWait(1);
        long start = Stopwatch.GetTimestamp();
        Volatile.Write(ref ready, threads);
        Work(0);
        foreach (var thread in others) thread.Join();
        sink = sums.Sum();
        return part * (double)threads * passes / Stopwatch.GetElapsedTime(start).TotalSeconds;

        void Work(int thread)
        {
            if (thread > 0)
            {
                Interlocked.Increment(ref ready);
                while (Volatile.Read(ref ready) < threads) Thread.SpinWait(1);
            }
            for (int pass = 0; pass < passes; pass++) sums[thread] += Sum<TPrefetch>(bytes + thread * part, part);
        }
    }

    /// <summary>The last sum, so that no reading can be left out.</summary>
    public float Sink => sink;

    /// <summary>Frees the memory.</summary>
    public void Dispose() => NativeMemory.AlignedFree(bytes);

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float Sum<TPrefetch>(byte* from, long count) where TPrefetch : struct, IPrefetch
    {
        var (a, b, c, d) = (Vector512<int>.Zero, Vector512<int>.Zero, Vector512<int>.Zero, Vector512<int>.Zero);
        for (byte* end = from + count; from < end; from += 512)
        {
            for (int line = 0; line < 512; line += 64) TPrefetch.Ask(from + Prefetching.BytesAhead + line);
            a ^= Vector512.Load((int*)from) ^ Vector512.Load((int*)(from + 64));
            b ^= Vector512.Load((int*)(from + 128)) ^ Vector512.Load((int*)(from + 192));
            c ^= Vector512.Load((int*)(from + 256)) ^ Vector512.Load((int*)(from + 320));
            d ^= Vector512.Load((int*)(from + 384)) ^ Vector512.Load((int*)(from + 448));
        }
        return Vector512.Sum(a ^ b ^ c ^ d);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
