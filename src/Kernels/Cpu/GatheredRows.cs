using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static SparkTrain.Numerics.VectorMath;

namespace SparkTrain.Kernels;

/// <summary>Dot products, sums and scattered additions over a few chosen rows of a matrix: what is left of attention once the keys are picked.</summary>
internal static unsafe class GatheredRows
{
    // Widths are multiples of 16. Lists of rows and factors are readable up to a multiple of 4.

    /// <summary>result[j] = vector · rows[chosen[j]].</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Dot(float* vector, float* rows, nint stride, int width, int* chosen, int count, float* result)
    {
        for (int j = 0; j < count; j += 4)
        {
            float* row0 = rows + chosen[j] * stride, row1 = rows + chosen[j + 1] * stride;
            float* row2 = rows + chosen[j + 2] * stride, row3 = rows + chosen[j + 3] * stride;
            Vector512<float> sum0 = default, sum1 = default, sum2 = default, sum3 = default;
            for (int i = 0; i < width; i += Lanes)
            {
                var v = Vector512.Load(vector + i);
                sum0 = Vector512.FusedMultiplyAdd(v, Vector512.Load(row0 + i), sum0);
                sum1 = Vector512.FusedMultiplyAdd(v, Vector512.Load(row1 + i), sum1);
                sum2 = Vector512.FusedMultiplyAdd(v, Vector512.Load(row2 + i), sum2);
                sum3 = Vector512.FusedMultiplyAdd(v, Vector512.Load(row3 + i), sum3);
            }
            result[j] = Vector512.Sum(sum0);
            result[j + 1] = Vector512.Sum(sum1);
            result[j + 2] = Vector512.Sum(sum2);
            result[j + 3] = Vector512.Sum(sum3);
        }
    }

    /// <summary>result = Σ factor[j] · rows[chosen[j]].</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Sum(float* rows, nint stride, int width, int* chosen, float* factors, int count, float* result)
    {
        int at = 0;
        for (; at + 4 * Lanes <= width; at += 4 * Lanes)
        {
            Vector512<float> sum0 = default, sum1 = default, sum2 = default, sum3 = default;
            for (int j = 0; j < count; j++)
            {
                float* row = rows + at + chosen[j] * stride;
                var factor = Vector512.Create(factors[j]);
                sum0 = Vector512.FusedMultiplyAdd(factor, Vector512.Load(row), sum0);
                sum1 = Vector512.FusedMultiplyAdd(factor, Vector512.Load(row + Lanes), sum1);
                sum2 = Vector512.FusedMultiplyAdd(factor, Vector512.Load(row + 2 * Lanes), sum2);
                sum3 = Vector512.FusedMultiplyAdd(factor, Vector512.Load(row + 3 * Lanes), sum3);
            }
            sum0.Store(result + at);
            sum1.Store(result + at + Lanes);
            sum2.Store(result + at + 2 * Lanes);
            sum3.Store(result + at + 3 * Lanes);
        }
        for (; at < width; at += Lanes)
        {
            var sum = Vector512<float>.Zero;
            for (int j = 0; j < count; j++)
                sum = Vector512.FusedMultiplyAdd(Vector512.Create(factors[j]), Vector512.Load(rows + at + chosen[j] * stride), sum);
            sum.Store(result + at);
        }
    }

    /// <summary>rows[chosen[j]] += factor[j] · vector.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Add(float* vector, float* rows, nint stride, int width, int* chosen, float* factors, int count)
    {
        for (int j = 0; j < count; j++)
        {
            float* row = rows + chosen[j] * stride;
            var factor = Vector512.Create(factors[j]);
            for (int i = 0; i < width; i += Lanes)
                Vector512.FusedMultiplyAdd(factor, Vector512.Load(vector + i), Vector512.Load(row + i)).Store(row + i);
        }
    }
}
