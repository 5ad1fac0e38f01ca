using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparkTrain.Native;
using TorchSharp;
using static SparkTrain.Model.Kernels.VectorMath;

namespace SparkTrain.Model.Kernels;

/// <summary>The sum of squares of a flat gradient, the same bits for any number of threads.</summary>
public static unsafe class GradNormKernel
{
    private const long BlockLength = 1 << 16;

    /// <summary>Returns Σ g² in float64. Blocks of fixed length are summed apart, then added in their order.</summary>
    /// <param name="g">A contiguous float32 tensor.</param>
    public static double SumOfSquares(torch.Tensor g)
    {
        long count = g.numel(), blocks = (count + BlockLength - 1) / BlockLength;
        float* memory = TensorMemory.Float32(g);
        var sums = new double[blocks];
        OpenMp.ForRanges(blocks, 1, (begin, end) =>
        {
            for (long b = begin; b < end; b++) sums[b] = Block(memory + b * BlockLength, Math.Min(BlockLength, count - b * BlockLength));
        });
        double total = 0;
        foreach (double sum in sums) total += sum;
        return total;
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
