using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static SparkTrain.Numerics.VectorMath;

namespace SparkTrain.Kernels;

/// <summary>
/// The dense product that attention is made of: c[row, column] (+)= Σ a[row, step] · b[step, column] for 8 rows, where any stride of a may stand for
/// its transpose. Each entry of c is one chain of fused multiply-adds over the steps, so its bits depend on nothing but its own row and column.
/// </summary>
internal static unsafe class TileProduct
{
    /// <summary>Rows of c in one call.</summary>
    internal const int Rows = 8;

    /// <summary>Runs the product.</summary>
    /// <param name="a">a[0, 0]; rows are <paramref name="aRow"/> and steps <paramref name="aStep"/> floats apart.</param>
    /// <param name="aRow">Stride of a's rows.</param>
    /// <param name="aStep">Stride of a's steps.</param>
    /// <param name="b">b[0, 0]; columns are contiguous.</param>
    /// <param name="bStep">Stride of b's steps.</param>
    /// <param name="c">c[0, 0]; columns are contiguous.</param>
    /// <param name="cRow">Stride of c's rows.</param>
    /// <param name="columns">A multiple of 16.</param>
    /// <param name="steps">Terms of each sum.</param>
    /// <param name="add">True adds to c, false overwrites it.</param>
    internal static void Run(float* a, nint aRow, nint aStep, float* b, nint bStep, float* c, nint cRow, int columns, int steps, bool add)
    {
        int at = 0;
        for (; at + 2 * Lanes <= columns; at += 2 * Lanes) Wide(a, aRow, aStep, b + at, bStep, c + at, cRow, steps, add);
        if (at < columns) Narrow(a, aRow, aStep, b + at, bStep, c + at, cRow, steps, add);
    }

    // 16 accumulators, 2 loads and 8 broadcasts a step: bound by the multipliers, not by the loads.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Wide(float* a, nint aRow, nint aStep, float* b, nint bStep, float* c, nint cRow, int steps, bool add)
    {
        Vector512<float> l0 = default, l1 = default, l2 = default, l3 = default, l4 = default, l5 = default, l6 = default, l7 = default;
        Vector512<float> r0 = default, r1 = default, r2 = default, r3 = default, r4 = default, r5 = default, r6 = default, r7 = default;
        float* low = a, high = a + 4 * aRow;
        nint two = 2 * aRow, three = 3 * aRow;
        for (int step = 0; step < steps; step++)
        {
            Vector512<float> left = Vector512.Load(b), right = Vector512.Load(b + Lanes);
            Accumulate(low[0], left, right, ref l0, ref r0);
            Accumulate(low[aRow], left, right, ref l1, ref r1);
            Accumulate(low[two], left, right, ref l2, ref r2);
            Accumulate(low[three], left, right, ref l3, ref r3);
            Accumulate(high[0], left, right, ref l4, ref r4);
            Accumulate(high[aRow], left, right, ref l5, ref r5);
            Accumulate(high[two], left, right, ref l6, ref r6);
            Accumulate(high[three], left, right, ref l7, ref r7);
            low += aStep;
            high += aStep;
            b += bStep;
        }
        Put(l0, r0, c, add);
        Put(l1, r1, c + cRow, add);
        Put(l2, r2, c + 2 * cRow, add);
        Put(l3, r3, c + 3 * cRow, add);
        Put(l4, r4, c + 4 * cRow, add);
        Put(l5, r5, c + 5 * cRow, add);
        Put(l6, r6, c + 6 * cRow, add);
        Put(l7, r7, c + 7 * cRow, add);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Narrow(float* a, nint aRow, nint aStep, float* b, nint bStep, float* c, nint cRow, int steps, bool add)
    {
        for (int row = 0; row < Rows; row++)
        {
            var sum = Vector512<float>.Zero;
            float* ap = a + row * aRow, bp = b;
            for (int step = 0; step < steps; step++, ap += aStep, bp += bStep)
                sum = Vector512.FusedMultiplyAdd(Vector512.Create(*ap), Vector512.Load(bp), sum);
            float* target = c + row * cRow;
            (add ? sum + Vector512.Load(target) : sum).Store(target);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate(float a, Vector512<float> left, Vector512<float> right, ref Vector512<float> l, ref Vector512<float> r)
    {
        var factor = Vector512.Create(a);
        l = Vector512.FusedMultiplyAdd(factor, left, l);
        r = Vector512.FusedMultiplyAdd(factor, right, r);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Vector512<float> left, Vector512<float> right, float* c, bool add)
    {
        if (add)
        {
            left += Vector512.Load(c);
            right += Vector512.Load(c + Lanes);
        }
        left.Store(c);
        right.Store(c + Lanes);
    }
}
