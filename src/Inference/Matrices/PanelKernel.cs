using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SparkTrain.Inference;

/// <summary>
/// Products of one panel with vectors. Each row's sum runs over the even columns and over the odd ones, in their order, and adds the two at the end: the same for
/// one vector and for many, so that neighbours in a batch change no bit. Six vectors fill the 32 vector registers: 24 sums, four weights, and what is broadcast.
/// </summary>
internal static unsafe class PanelKernel<T> where T : struct, IElement
{
    // Columns of a panel that stay in the first-level cache while all vectors pass over them: 16 KiB of bfloat16.
    private const int PairsAtOnce = 128;

    /// <summary>y[i, 0..31] = the panel times vector i.</summary>
    public static void Multiply(byte* panel, int pairs, FloatRows x, int count, FloatRows y)
    {
        if (count == 1)
        {
            One(panel, pairs, x.Start, y.Start);
            return;
        }
        float* sums = stackalloc float[64 * Math.Min(count, DecodeLimits.MaxRows)];
        for (int from = 0; from < count; from += DecodeLimits.MaxRows)
            Many(panel, pairs, x.Skip(from), Math.Min(DecodeLimits.MaxRows, count - from), y.Skip(from), sums);
    }

    private static void Many(byte* panel, int pairs, FloatRows x, int count, FloatRows y, float* sums)
    {
        new Span<float>(sums, 64 * count).Clear();
        for (int pair = 0; pair < pairs; pair += PairsAtOnce)
        {
            byte* w = panel + (long)pair * 64 * T.Bytes;
            int some = Math.Min(PairsAtOnce, pairs - pair), row = 0;
            var from = x.From(2 * pair);
            for (; row + 6 <= count; row += 6) Six(w, some, from[row], x.Stride, sums + 64 * row);
            if (count - row >= 4) Four(w, some, from[row], x.Stride, sums + 64 * row);
            if (count - row >= 4) row += 4;
            if (count - row >= 2) Two(w, some, from[row], x.Stride, sums + 64 * row);
            if (count - row >= 2) row += 2;
            if (count - row >= 1) Single(w, some, from[row], x.Stride, sums + 64 * row);
        }
        for (int row = 0; row < count; row++, sums += 64)
        {
            (Vector512.Load(sums) + Vector512.Load(sums + 32)).Store(y[row]);
            (Vector512.Load(sums + 16) + Vector512.Load(sums + 48)).Store(y[row] + 16);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void One(byte* w, int pairs, float* x, float* y)
    {
        Vector512<float> a = default, b = default, c = default, d = default;
        for (; pairs > 0; pairs--, x += 2, w += 64 * T.Bytes)
        {
            T.LoadPair(w, out var even0, out var even1, out var odd0, out var odd1);
            Vector512<float> even = Vector512.Create(x[0]), odd = Vector512.Create(x[1]);
            (a, b) = (Vector512.FusedMultiplyAdd(even0, even, a), Vector512.FusedMultiplyAdd(even1, even, b));
            (c, d) = (Vector512.FusedMultiplyAdd(odd0, odd, c), Vector512.FusedMultiplyAdd(odd1, odd, d));
        }
        (a + c).Store(y);
        (b + d).Store(y + 16);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Single(byte* w, int pairs, float* x, long stride, float* sums)
    {
        float* x0 = x;
        Vector512<float> a0 = Vector512.Load(sums), b0 = Vector512.Load(sums + 16), c0 = Vector512.Load(sums + 32), d0 = Vector512.Load(sums + 48);
        for (long i = 0; i < 2L * pairs; i += 2, w += 64 * T.Bytes)
        {
            T.LoadPair(w, out var even0, out var even1, out var odd0, out var odd1);
            Vector512<float> e0 = Vector512.Create(x0[i]), o0 = Vector512.Create(x0[i + 1]);
            (a0, b0) = (Vector512.FusedMultiplyAdd(even0, e0, a0), Vector512.FusedMultiplyAdd(even1, e0, b0));
            (c0, d0) = (Vector512.FusedMultiplyAdd(odd0, o0, c0), Vector512.FusedMultiplyAdd(odd1, o0, d0));
        }
        a0.Store(sums);
        b0.Store(sums + 16);
        c0.Store(sums + 32);
        d0.Store(sums + 48);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Two(byte* w, int pairs, float* x, long stride, float* sums)
    {
        float* x0 = x;
        float* x1 = x + stride;
        Vector512<float> a0 = Vector512.Load(sums), b0 = Vector512.Load(sums + 16), c0 = Vector512.Load(sums + 32), d0 = Vector512.Load(sums + 48);
        Vector512<float> a1 = Vector512.Load(sums + 64), b1 = Vector512.Load(sums + 80), c1 = Vector512.Load(sums + 96), d1 = Vector512.Load(sums + 112);
        for (long i = 0; i < 2L * pairs; i += 2, w += 64 * T.Bytes)
        {
            T.LoadPair(w, out var even0, out var even1, out var odd0, out var odd1);
            Vector512<float> e0 = Vector512.Create(x0[i]), o0 = Vector512.Create(x0[i + 1]);
            (a0, b0) = (Vector512.FusedMultiplyAdd(even0, e0, a0), Vector512.FusedMultiplyAdd(even1, e0, b0));
            (c0, d0) = (Vector512.FusedMultiplyAdd(odd0, o0, c0), Vector512.FusedMultiplyAdd(odd1, o0, d0));
            Vector512<float> e1 = Vector512.Create(x1[i]), o1 = Vector512.Create(x1[i + 1]);
            (a1, b1) = (Vector512.FusedMultiplyAdd(even0, e1, a1), Vector512.FusedMultiplyAdd(even1, e1, b1));
            (c1, d1) = (Vector512.FusedMultiplyAdd(odd0, o1, c1), Vector512.FusedMultiplyAdd(odd1, o1, d1));
        }
        a0.Store(sums);
        b0.Store(sums + 16);
        c0.Store(sums + 32);
        d0.Store(sums + 48);
        a1.Store(sums + 64);
        b1.Store(sums + 80);
        c1.Store(sums + 96);
        d1.Store(sums + 112);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Four(byte* w, int pairs, float* x, long stride, float* sums)
    {
        float* x0 = x;
        float* x1 = x + stride;
        float* x2 = x + 2 * stride;
        float* x3 = x + 3 * stride;
        Vector512<float> a0 = Vector512.Load(sums), b0 = Vector512.Load(sums + 16), c0 = Vector512.Load(sums + 32), d0 = Vector512.Load(sums + 48);
        Vector512<float> a1 = Vector512.Load(sums + 64), b1 = Vector512.Load(sums + 80), c1 = Vector512.Load(sums + 96), d1 = Vector512.Load(sums + 112);
        Vector512<float> a2 = Vector512.Load(sums + 128), b2 = Vector512.Load(sums + 144), c2 = Vector512.Load(sums + 160), d2 = Vector512.Load(sums + 176);
        Vector512<float> a3 = Vector512.Load(sums + 192), b3 = Vector512.Load(sums + 208), c3 = Vector512.Load(sums + 224), d3 = Vector512.Load(sums + 240);
        for (long i = 0; i < 2L * pairs; i += 2, w += 64 * T.Bytes)
        {
            T.LoadPair(w, out var even0, out var even1, out var odd0, out var odd1);
            Vector512<float> e0 = Vector512.Create(x0[i]), o0 = Vector512.Create(x0[i + 1]);
            (a0, b0) = (Vector512.FusedMultiplyAdd(even0, e0, a0), Vector512.FusedMultiplyAdd(even1, e0, b0));
            (c0, d0) = (Vector512.FusedMultiplyAdd(odd0, o0, c0), Vector512.FusedMultiplyAdd(odd1, o0, d0));
            Vector512<float> e1 = Vector512.Create(x1[i]), o1 = Vector512.Create(x1[i + 1]);
            (a1, b1) = (Vector512.FusedMultiplyAdd(even0, e1, a1), Vector512.FusedMultiplyAdd(even1, e1, b1));
            (c1, d1) = (Vector512.FusedMultiplyAdd(odd0, o1, c1), Vector512.FusedMultiplyAdd(odd1, o1, d1));
            Vector512<float> e2 = Vector512.Create(x2[i]), o2 = Vector512.Create(x2[i + 1]);
            (a2, b2) = (Vector512.FusedMultiplyAdd(even0, e2, a2), Vector512.FusedMultiplyAdd(even1, e2, b2));
            (c2, d2) = (Vector512.FusedMultiplyAdd(odd0, o2, c2), Vector512.FusedMultiplyAdd(odd1, o2, d2));
            Vector512<float> e3 = Vector512.Create(x3[i]), o3 = Vector512.Create(x3[i + 1]);
            (a3, b3) = (Vector512.FusedMultiplyAdd(even0, e3, a3), Vector512.FusedMultiplyAdd(even1, e3, b3));
            (c3, d3) = (Vector512.FusedMultiplyAdd(odd0, o3, c3), Vector512.FusedMultiplyAdd(odd1, o3, d3));
        }
        a0.Store(sums);
        b0.Store(sums + 16);
        c0.Store(sums + 32);
        d0.Store(sums + 48);
        a1.Store(sums + 64);
        b1.Store(sums + 80);
        c1.Store(sums + 96);
        d1.Store(sums + 112);
        a2.Store(sums + 128);
        b2.Store(sums + 144);
        c2.Store(sums + 160);
        d2.Store(sums + 176);
        a3.Store(sums + 192);
        b3.Store(sums + 208);
        c3.Store(sums + 224);
        d3.Store(sums + 240);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Six(byte* w, int pairs, float* x, long stride, float* sums)
    {
        float* x0 = x;
        float* x1 = x + stride;
        float* x2 = x + 2 * stride;
        float* x3 = x + 3 * stride;
        float* x4 = x + 4 * stride;
        float* x5 = x + 5 * stride;
        Vector512<float> a0 = Vector512.Load(sums), b0 = Vector512.Load(sums + 16), c0 = Vector512.Load(sums + 32), d0 = Vector512.Load(sums + 48);
        Vector512<float> a1 = Vector512.Load(sums + 64), b1 = Vector512.Load(sums + 80), c1 = Vector512.Load(sums + 96), d1 = Vector512.Load(sums + 112);
        Vector512<float> a2 = Vector512.Load(sums + 128), b2 = Vector512.Load(sums + 144), c2 = Vector512.Load(sums + 160), d2 = Vector512.Load(sums + 176);
        Vector512<float> a3 = Vector512.Load(sums + 192), b3 = Vector512.Load(sums + 208), c3 = Vector512.Load(sums + 224), d3 = Vector512.Load(sums + 240);
        Vector512<float> a4 = Vector512.Load(sums + 256), b4 = Vector512.Load(sums + 272), c4 = Vector512.Load(sums + 288), d4 = Vector512.Load(sums + 304);
        Vector512<float> a5 = Vector512.Load(sums + 320), b5 = Vector512.Load(sums + 336), c5 = Vector512.Load(sums + 352), d5 = Vector512.Load(sums + 368);
        for (long i = 0; i < 2L * pairs; i += 2, w += 64 * T.Bytes)
        {
            T.LoadPair(w, out var even0, out var even1, out var odd0, out var odd1);
            Vector512<float> e0 = Vector512.Create(x0[i]), o0 = Vector512.Create(x0[i + 1]);
            (a0, b0) = (Vector512.FusedMultiplyAdd(even0, e0, a0), Vector512.FusedMultiplyAdd(even1, e0, b0));
            (c0, d0) = (Vector512.FusedMultiplyAdd(odd0, o0, c0), Vector512.FusedMultiplyAdd(odd1, o0, d0));
            Vector512<float> e1 = Vector512.Create(x1[i]), o1 = Vector512.Create(x1[i + 1]);
            (a1, b1) = (Vector512.FusedMultiplyAdd(even0, e1, a1), Vector512.FusedMultiplyAdd(even1, e1, b1));
            (c1, d1) = (Vector512.FusedMultiplyAdd(odd0, o1, c1), Vector512.FusedMultiplyAdd(odd1, o1, d1));
            Vector512<float> e2 = Vector512.Create(x2[i]), o2 = Vector512.Create(x2[i + 1]);
            (a2, b2) = (Vector512.FusedMultiplyAdd(even0, e2, a2), Vector512.FusedMultiplyAdd(even1, e2, b2));
            (c2, d2) = (Vector512.FusedMultiplyAdd(odd0, o2, c2), Vector512.FusedMultiplyAdd(odd1, o2, d2));
            Vector512<float> e3 = Vector512.Create(x3[i]), o3 = Vector512.Create(x3[i + 1]);
            (a3, b3) = (Vector512.FusedMultiplyAdd(even0, e3, a3), Vector512.FusedMultiplyAdd(even1, e3, b3));
            (c3, d3) = (Vector512.FusedMultiplyAdd(odd0, o3, c3), Vector512.FusedMultiplyAdd(odd1, o3, d3));
            Vector512<float> e4 = Vector512.Create(x4[i]), o4 = Vector512.Create(x4[i + 1]);
            (a4, b4) = (Vector512.FusedMultiplyAdd(even0, e4, a4), Vector512.FusedMultiplyAdd(even1, e4, b4));
            (c4, d4) = (Vector512.FusedMultiplyAdd(odd0, o4, c4), Vector512.FusedMultiplyAdd(odd1, o4, d4));
            Vector512<float> e5 = Vector512.Create(x5[i]), o5 = Vector512.Create(x5[i + 1]);
            (a5, b5) = (Vector512.FusedMultiplyAdd(even0, e5, a5), Vector512.FusedMultiplyAdd(even1, e5, b5));
            (c5, d5) = (Vector512.FusedMultiplyAdd(odd0, o5, c5), Vector512.FusedMultiplyAdd(odd1, o5, d5));
        }
        a0.Store(sums);
        b0.Store(sums + 16);
        c0.Store(sums + 32);
        d0.Store(sums + 48);
        a1.Store(sums + 64);
        b1.Store(sums + 80);
        c1.Store(sums + 96);
        d1.Store(sums + 112);
        a2.Store(sums + 128);
        b2.Store(sums + 144);
        c2.Store(sums + 160);
        d2.Store(sums + 176);
        a3.Store(sums + 192);
        b3.Store(sums + 208);
        c3.Store(sums + 224);
        d3.Store(sums + 240);
        a4.Store(sums + 256);
        b4.Store(sums + 272);
        c4.Store(sums + 288);
        d4.Store(sums + 304);
        a5.Store(sums + 320);
        b5.Store(sums + 336);
        c5.Store(sums + 352);
        d5.Store(sums + 368);
    }
}
