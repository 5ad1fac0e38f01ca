using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SparkTrain.Inference;

/// <summary>
/// Products of one panel with vectors. Each row's sum runs over the columns in their order, for one vector as for many, so that neighbours in a batch change no bit. Half a panel and six vectors
/// fill the sixteen 256-bit registers that most processors have: twelve with sums, two with a column, one with what it is multiplied by.
/// </summary>
internal static unsafe class PanelKernel<T> where T : struct, IElement
{
    private const int HalfRows = 16;

    // From the first 16 rows of a pair to the others: 16 numbers of float32, or 16 couples of bfloat16.
    private const int HalfBytes = 64;

    // Pairs of columns that stay in the first-level cache while all vectors pass over them: 16 KiB of bfloat16.
    private const int PairsAtOnce = 128;

    private static int PairBytes => 64 * T.Bytes;

    /// <summary>y[i, 0..31] = the panel times vector i.</summary>
    public static void Multiply(byte* panel, int pairs, FloatRows x, int count, FloatRows y)
    {
        if (count == 1)
        {
            if (Prefetching.Streams == PrefetchWay.None) One<NoPrefetch>(panel, pairs, x.Start, y.Start);
            else One<PassingPrefetch>(panel, pairs, x.Start, y.Start);
            return;
        }
        if (count == 2)
        {
            Two(panel, pairs, x[0], x[1], y[0], y[1]);
            return;
        }
        for (int i = 0; i < count; i++)
        {
            Vector512<float>.Zero.Store(y[i]);
            Vector512<float>.Zero.Store(y[i] + HalfRows);
        }
        for (int pair = 0; pair < pairs; pair += PairsAtOnce)
            for (int half = 0; half < 2; half++)
                Tiles(panel + (long)pair * PairBytes + half * HalfBytes, Math.Min(PairsAtOnce, pairs - pair), x.From(2 * pair), count, y.From(half * HalfRows));
    }

    private static void Tiles(byte* w, int pairs, FloatRows x, int count, FloatRows y)
    {
        int row = 0;
        for (; row + 6 <= count; row += 6) Six(w, pairs, x[row], x.Stride, y[row], y.Stride);
        for (; row + 3 <= count; row += 3) Three(w, pairs, x[row], x.Stride, y[row], y.Stride);
        for (; row < count; row++) Half(w, pairs, x[row], y[row]);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void One<TPrefetch>(byte* w, int pairs, float* x, float* y) where TPrefetch : struct, IPrefetch
    {
        Vector512<float> a = default, b = default;
        for (; pairs >= 2; pairs -= 2, x += 4, w += 2 * PairBytes)
        {
            AskForPair<TPrefetch>(w + Prefetching.BytesAhead);
            AddPair(w, x, ref a, ref b);
            AskForPair<TPrefetch>(w + Prefetching.BytesAhead + PairBytes);
            AddPair(w + PairBytes, x + 2, ref a, ref b);
        }
        if (pairs > 0) AddPair(w, x, ref a, ref b);
        a.Store(y);
        b.Store(y + HalfRows);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddPair(byte* w, float* x, ref Vector512<float> a, ref Vector512<float> b)
    {
        var times = Vector512.Create(x[0]);
        a = Vector512.FusedMultiplyAdd(T.Even(w), times, a);
        b = Vector512.FusedMultiplyAdd(T.Even(w + HalfBytes), times, b);
        times = Vector512.Create(x[1]);
        a = Vector512.FusedMultiplyAdd(T.Odd(w), times, a);
        b = Vector512.FusedMultiplyAdd(T.Odd(w + HalfBytes), times, b);
    }

    // Two lines of bfloat16, four of float32.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AskForPair<TPrefetch>(byte* pair) where TPrefetch : struct, IPrefetch
    {
        TPrefetch.Ask(pair);
        TPrefetch.Ask(pair + 64);
        if (T.Bytes != sizeof(float)) return;
        TPrefetch.Ask(pair + 128);
        TPrefetch.Ask(pair + 192);
    }

    // The two query heads of a key/value head, most of the time.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Two(byte* w, int pairs, float* x0, float* x1, float* y0, float* y1)
    {
        Vector512<float> a0 = default, b0 = default, a1 = default, b1 = default;
        for (long i = 0; i < 2L * pairs; i += 2, w += PairBytes)
        {
            var column = T.Even(w);
            a0 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x0[i]), a0);
            a1 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x1[i]), a1);
            column = T.Even(w + HalfBytes);
            b0 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x0[i]), b0);
            b1 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x1[i]), b1);
            column = T.Odd(w);
            a0 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x0[i + 1]), a0);
            a1 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x1[i + 1]), a1);
            column = T.Odd(w + HalfBytes);
            b0 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x0[i + 1]), b0);
            b1 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x1[i + 1]), b1);
        }
        a0.Store(y0);
        b0.Store(y0 + HalfRows);
        a1.Store(y1);
        b1.Store(y1 + HalfRows);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Half(byte* w, int pairs, float* x, float* y)
    {
        var a = Vector512.Load(y);
        for (; pairs > 0; pairs--, x += 2, w += PairBytes)
        {
            a = Vector512.FusedMultiplyAdd(T.Even(w), Vector512.Create(x[0]), a);
            a = Vector512.FusedMultiplyAdd(T.Odd(w), Vector512.Create(x[1]), a);
        }
        a.Store(y);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Three(byte* w, int pairs, float* x0, long strideX, float* y, long strideY)
    {
        float* x1 = x0 + strideX, x2 = x1 + strideX;
        Vector512<float> a0 = Vector512.Load(y), a1 = Vector512.Load(y + strideY), a2 = Vector512.Load(y + 2 * strideY);
        for (long i = 0; i < 2L * pairs; i += 2, w += PairBytes)
        {
            var column = T.Even(w);
            a0 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x0[i]), a0);
            a1 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x1[i]), a1);
            a2 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x2[i]), a2);
            column = T.Odd(w);
            a0 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x0[i + 1]), a0);
            a1 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x1[i + 1]), a1);
            a2 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x2[i + 1]), a2);
        }
        a0.Store(y);
        a1.Store(y + strideY);
        a2.Store(y + 2 * strideY);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Six(byte* w, int pairs, float* x0, long strideX, float* y, long strideY)
    {
        float* x1 = x0 + strideX, x2 = x1 + strideX, x3 = x2 + strideX, x4 = x3 + strideX, x5 = x4 + strideX;
        Vector512<float> a0 = Vector512.Load(y), a1 = Vector512.Load(y + strideY), a2 = Vector512.Load(y + 2 * strideY);
        Vector512<float> a3 = Vector512.Load(y + 3 * strideY), a4 = Vector512.Load(y + 4 * strideY), a5 = Vector512.Load(y + 5 * strideY);
        for (long i = 0; i < 2L * pairs; i += 2, w += PairBytes)
        {
            var column = T.Even(w);
            a0 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x0[i]), a0);
            a1 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x1[i]), a1);
            a2 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x2[i]), a2);
            a3 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x3[i]), a3);
            a4 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x4[i]), a4);
            a5 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x5[i]), a5);
            column = T.Odd(w);
            a0 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x0[i + 1]), a0);
            a1 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x1[i + 1]), a1);
            a2 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x2[i + 1]), a2);
            a3 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x3[i + 1]), a3);
            a4 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x4[i + 1]), a4);
            a5 = Vector512.FusedMultiplyAdd(column, Vector512.Create(x5[i + 1]), a5);
        }
        a0.Store(y);
        a1.Store(y + strideY);
        a2.Store(y + 2 * strideY);
        a3.Store(y + 3 * strideY);
        a4.Store(y + 4 * strideY);
        a5.Store(y + 5 * strideY);
    }
}
