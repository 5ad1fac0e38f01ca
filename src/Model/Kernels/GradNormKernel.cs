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
        Vector512<double> lower = default, upper = default;
        long i = 0;
        for (; i + Lanes <= count; i += Lanes)
        {
            var x = Vector512.Load(g + i);
            Vector512<double> a = Vector512.WidenLower(x), b = Vector512.WidenUpper(x);
            lower = Vector512.FusedMultiplyAdd(a, a, lower);
            upper = Vector512.FusedMultiplyAdd(b, b, upper);
        }
        double sum = Vector512.Sum(lower + upper);
        for (; i < count; i++) sum += (double)g[i] * g[i];
        return sum;
    }
}
