using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SparkTrain.Native;

/// <summary>Runs managed loops on the thread pool that libtorch's own operations use, so that the two do not fight for cores.</summary>
public static unsafe class OpenMp
{
    private static readonly delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<void*, void>, void*, uint, uint, void> Parallel;
    private static readonly delegate* unmanaged[Cdecl]<int> ThreadNumber;
    private static readonly delegate* unmanaged[Cdecl]<int> TeamSize;

    static OpenMp()
    {
        if (LibTorch.MappedLibrary("libgomp") is not { } path || !NativeLibrary.TryLoad(path, out nint library)) return;
        Parallel = (delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<void*, void>, void*, uint, uint, void>)NativeLibrary.GetExport(library, "GOMP_parallel");
        ThreadNumber = (delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(library, "omp_get_thread_num");
        TeamSize = (delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(library, "omp_get_num_threads");
    }

    /// <summary>True where libtorch's OpenMP runtime was found; otherwise loops run on .NET's pool.</summary>
    public static bool IsNative => Parallel != null;

    /// <summary>The number of threads that a loop may use: libtorch's setting.</summary>
    public static int Threads => TorchSharp.torch.get_num_threads();

    /// <summary>
    /// Cuts [0, count) into one contiguous range a thread and runs <paramref name="body"/>(begin, end) on each. The cut depends on the number of threads only.
    /// The first exception of a body is thrown again here.
    /// </summary>
    /// <param name="count">Number of items.</param>
    /// <param name="minPerThread">Items below which another thread is not worth waking.</param>
    /// <param name="body">The work on one range.</param>
    public static void ForRanges(long count, long minPerThread, Action<long, long> body)
    {
        int threads = (int)Math.Clamp(count / Math.Max(1, minPerThread), 1, Threads);
        if (threads == 1)
        {
            if (count > 0) body(0, count);
            return;
        }
        Run(threads, (thread, size) =>
        {
            long begin = count * thread / size, end = count * (thread + 1) / size;
            if (begin < end) body(begin, end);
        });
    }

    /// <summary>Runs <paramref name="body"/>(item) for every item of [0, count), items handed out one at a time: for work of uneven size.</summary>
    public static void ForEach(long count, Action<long> body)
    {
        long next = -1;
        Run((int)Math.Min(count, Threads), (_, _) =>
        {
            for (long i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next)) body(i);
        });
    }

    private static void Run(int threads, Action<int, int> body)
    {
        if (threads <= 1)
        {
            body(0, 1);
            return;
        }
        if (Parallel == null)
        {
            System.Threading.Tasks.Parallel.For(0, threads, thread => body(thread, threads));
            return;
        }
        var region = new Region(body);
        var handle = GCHandle.Alloc(region);
        Parallel(&Enter, (void*)GCHandle.ToIntPtr(handle), (uint)threads, 0);
        handle.Free();
        if (region.Failure is { } failure) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    // An exception must not unwind into the OpenMP runtime.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Enter(void* data)
    {
        var region = (Region)GCHandle.FromIntPtr((nint)data).Target!;
        try
        {
            region.Body(ThreadNumber(), TeamSize());
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref region.Failure, e, null);
        }
    }

    private sealed class Region(Action<int, int> body)
    {
        public readonly Action<int, int> Body = body;
        public Exception? Failure;
    }
}
