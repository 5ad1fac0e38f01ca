using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SparkTrain.Inference;

/// <summary>
/// One row with one vector. Rows at random places need to be asked for early, and into the second-level cache (PREFETCHT1): asked into the first, they would wait for its few miss buffers;
/// that more than doubles the rate at which rows arrive.
/// </summary>
internal static unsafe class RowKernel<T> where T : struct, IElement
{
    private const int Line = 64;

    /// <summary>Returns the row times x, and asks for the row at <paramref name="next"/> line by line; null asks for nothing.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static float Dot(byte* row, int groups, float* x, byte* next)
    {
        Vector512<float> a = default, b = default, c = default, d = default;
        for (; groups >= 2; groups -= 2, x += 64, row += 64 * T.Bytes)
        {
            if (next != null) next = PrefetchGroups(next);
            T.LoadGroup(row, out var first, out var second);
            a = Vector512.FusedMultiplyAdd(first, Vector512.Load(x), a);
            b = Vector512.FusedMultiplyAdd(second, Vector512.Load(x + 16), b);
            T.LoadGroup(row + 32 * T.Bytes, out first, out second);
            c = Vector512.FusedMultiplyAdd(first, Vector512.Load(x + 32), c);
            d = Vector512.FusedMultiplyAdd(second, Vector512.Load(x + 48), d);
        }
        if (groups > 0)
        {
            if (next != null) PrefetchGroups(next);
            T.LoadGroup(row, out var first, out var second);
            a = Vector512.FusedMultiplyAdd(first, Vector512.Load(x), a);
            b = Vector512.FusedMultiplyAdd(second, Vector512.Load(x + 16), b);
        }
        return Vector512.Sum(a + c + (b + d));
    }

    /// <summary>sum += factor · row, asking for the row at <paramref name="next"/> likewise.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void AddTo(float* sum, byte* row, int groups, float factor, byte* next)
    {
        var times = Vector512.Create(factor);
        for (; groups >= 2; groups -= 2, sum += 64, row += 64 * T.Bytes)
        {
            if (next != null) next = PrefetchGroups(next);
            T.LoadGroup(row, out var first, out var second);
            Vector512.FusedMultiplyAdd(first, times, Vector512.Load(sum)).Store(sum);
            Vector512.FusedMultiplyAdd(second, times, Vector512.Load(sum + 16)).Store(sum + 16);
            T.LoadGroup(row + 32 * T.Bytes, out first, out second);
            Vector512.FusedMultiplyAdd(first, times, Vector512.Load(sum + 32)).Store(sum + 32);
            Vector512.FusedMultiplyAdd(second, times, Vector512.Load(sum + 48)).Store(sum + 48);
        }
        if (groups == 0) return;
        if (next != null) PrefetchGroups(next);
        T.LoadGroup(row, out var last, out var end);
        Vector512.FusedMultiplyAdd(last, times, Vector512.Load(sum)).Store(sum);
        Vector512.FusedMultiplyAdd(end, times, Vector512.Load(sum + 16)).Store(sum + 16);
    }

    /// <summary>Asks for memory.</summary>
    public static void Prefetch(byte* start, long bytes)
    {
        if (!Sse.IsSupported) return;
        for (long at = 0; at < bytes; at += Line) Sse.Prefetch1(start + at);
    }

    // Two groups: two lines of bfloat16, or four of float32.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* PrefetchGroups(byte* next)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch1(next);
            Sse.Prefetch1(next + Line);
            if (T.Bytes == sizeof(float))
            {
                Sse.Prefetch1(next + 2 * Line);
                Sse.Prefetch1(next + 3 * Line);
            }
        }
        return next + 64 * T.Bytes;
    }
}
