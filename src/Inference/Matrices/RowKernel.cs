using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SparkTrain.Inference;

/// <summary>
/// Rows at random places with one vector. The memory's answer takes longer than the work on a row, so while one is read, one that comes later is asked for, line by line.
/// </summary>
internal static unsafe class RowKernel<T> where T : struct, IElement
{
    private const int Line = 64;

    /// <summary>Returns the row times x, and asks for the row at <paramref name="next"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static float Dot<TPrefetch>(byte* row, int groups, float* x, byte* next) where TPrefetch : struct, IPrefetch
    {
        Vector512<float> a = default, b = default, c = default, d = default;
        for (; groups >= 2; groups -= 2, x += 64, row += 64 * T.Bytes, next += 64 * T.Bytes)
        {
            AskForGroup<TPrefetch>(next);
            AskForGroup<TPrefetch>(next + 32 * T.Bytes);
            a = Vector512.FusedMultiplyAdd(T.First(row), Vector512.Load(x), a);
            b = Vector512.FusedMultiplyAdd(T.Second(row), Vector512.Load(x + 16), b);
            c = Vector512.FusedMultiplyAdd(T.First(row + 32 * T.Bytes), Vector512.Load(x + 32), c);
            d = Vector512.FusedMultiplyAdd(T.Second(row + 32 * T.Bytes), Vector512.Load(x + 48), d);
        }
        if (groups > 0)
        {
            AskForGroup<TPrefetch>(next);
            a = Vector512.FusedMultiplyAdd(T.First(row), Vector512.Load(x), a);
            b = Vector512.FusedMultiplyAdd(T.Second(row), Vector512.Load(x + 16), b);
        }
        return Vector512.Sum(a + c + (b + d));
    }

    /// <summary>sum += factor · row, asking for the row at <paramref name="next"/> likewise.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void AddTo<TPrefetch>(float* sum, byte* row, int groups, float factor, byte* next) where TPrefetch : struct, IPrefetch
    {
        var times = Vector512.Create(factor);
        for (; groups > 0; groups--, sum += 32, row += 32 * T.Bytes, next += 32 * T.Bytes)
        {
            AskForGroup<TPrefetch>(next);
            Vector512.FusedMultiplyAdd(T.First(row), times, Vector512.Load(sum)).Store(sum);
            Vector512.FusedMultiplyAdd(T.Second(row), times, Vector512.Load(sum + 16)).Store(sum + 16);
        }
    }

    /// <summary>The bits of <see cref="AddTo"/> for one row and then another, with the sums read and written once.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void AddTwoTo<TPrefetch>(float* sum, byte* row, byte* second, int groups, float factor, float secondFactor, byte* next, byte* nextSecond) where TPrefetch : struct, IPrefetch
    {
        Vector512<float> times = Vector512.Create(factor), secondTimes = Vector512.Create(secondFactor);
        for (; groups > 0; groups--, sum += 32, row += 32 * T.Bytes, second += 32 * T.Bytes, next += 32 * T.Bytes, nextSecond += 32 * T.Bytes)
        {
            AskForGroup<TPrefetch>(next);
            AskForGroup<TPrefetch>(nextSecond);
            var one = Vector512.FusedMultiplyAdd(T.First(row), times, Vector512.Load(sum));
            Vector512.FusedMultiplyAdd(T.First(second), secondTimes, one).Store(sum);
            one = Vector512.FusedMultiplyAdd(T.Second(row), times, Vector512.Load(sum + 16));
            Vector512.FusedMultiplyAdd(T.Second(second), secondTimes, one).Store(sum + 16);
        }
    }

    /// <summary>Asks for memory.</summary>
    public static void Prefetch<TPrefetch>(byte* start, long bytes) where TPrefetch : struct, IPrefetch
    {
        for (long at = 0; at < bytes; at += Line) TPrefetch.Ask(start + at);
    }

    // One line of bfloat16, or two of float32.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AskForGroup<TPrefetch>(byte* group) where TPrefetch : struct, IPrefetch
    {
        TPrefetch.Ask(group);
        if (T.Bytes == sizeof(float)) TPrefetch.Ask(group + Line);
    }
}
