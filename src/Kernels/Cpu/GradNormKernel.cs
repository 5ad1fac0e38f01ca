using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparkTrain.Native;
using static SparkTrain.Numerics.VectorMath;

namespace SparkTrain.Kernels;

/// <summary>Sums of squares of a flat gradient over blocks of fixed length: added in their order they give the same bits for any number of threads or ranks.</summary>
public static unsafe class GradNormKernel
{
    /// <summary>Returns Σ g² of every block in float64; the last block may be shorter.</summary>
    /// <param name="g">A contiguous float32 tensor.</param>
    /// <param name="blockLength">Elements of a block.</param>
    public static double[] SumsOfSquares(Tensor g, long blockLength)
    {
        long count = g.numel(), blocks = (count + blockLength - 1) / blockLength;
        using var memory = new TensorMemory();
        float* first = memory.Float32(g);
        var sums = new double[blocks];
        OpenMp.ForRanges(blocks, 4, (begin, end) =>
        {
            for (long b = begin; b < end; b++) sums[b] = Block(first + b * blockLength, Math.Min(blockLength, count - b * blockLength));
        });
        return sums;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static double Block(float* g, long count)
    {
        Vector512<double> sum0 = default, sum1 = default, sum2 = default, sum3 = default;
        long i = 0;
        for (; i + 2 * Lanes <= count; i += 2 * Lanes)
        {
            Vector512<float> even = Vector512.Load(g + i), odd = Vector512.Load(g + i + Lanes);
            sum0 = AddSquare(Vector512.WidenLower(even), sum0);
            sum1 = AddSquare(Vector512.WidenUpper(even), sum1);
            sum2 = AddSquare(Vector512.WidenLower(odd), sum2);
            sum3 = AddSquare(Vector512.WidenUpper(odd), sum3);
        }
        double sum = Vector512.Sum(sum0 + sum1 + (sum2 + sum3));
        for (; i < count; i++) sum += (double)g[i] * g[i];
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> AddSquare(Vector512<double> x, Vector512<double> sum) => Vector512.FusedMultiplyAdd(x, x, sum);
}
