using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparkTrain.Native;
using static SparkTrain.Numerics.VectorMath;

namespace SparkTrain.Kernels;

/// <summary>
/// Rotary position embedding in half-split form: the pair (i, i + W/2) of a part of width W turns by position · θ^(−2i/W). A Spark head has two parts, each
/// turned over its own width (paper 3.2).
/// </summary>
public static unsafe class RotaryKernel
{
    // Shapes: B batch, T positions, H heads, E head width.

    /// <summary>Returns the turned and scaled heads, contiguous [B, T, H, E].</summary>
    /// <param name="x_BTHE">Heads, float32, of any strides.</param>
    /// <param name="firstPosition">Position of x[:, 0].</param>
    /// <param name="predictorDim">Width of the first part; 0 turns the whole head as one part.</param>
    /// <param name="theta">Base of the frequencies.</param>
    /// <param name="scale">Factor on the result; the query scale belongs here.</param>
    public static Tensor Apply(Tensor x_BTHE, int firstPosition, int predictorDim, double theta, double scale)
    {
        int length = (int)x_BTHE.shape[1];
        var table = RotaryTable.Of(firstPosition + length, (int)x_BTHE.shape[3], predictorDim, theta);
        return KernelFunction.Run([x_BTHE],
            () => (Turn(x_BTHE.contiguous(), table, firstPosition, (float)scale, 1), []),
            (_, g) => [Turn(g, table, firstPosition, (float)scale, -1)]);
    }

    private static Tensor Turn(Tensor x_BTHE, RotaryTable table, int firstPosition, float scale, float direction)
    {
        long length = x_BTHE.shape[1], heads = x_BTHE.shape[2], width = x_BTHE.shape[3];
        var y_BTHE = empty_like(x_BTHE);
        using var memory = new TensorMemory();
        float* x = memory.Float32(x_BTHE), y = memory.Float32(y_BTHE);
        OpenMp.ForRanges(x_BTHE.shape[0] * length, 1 + 16384 / (heads * width), (begin, end) =>
        {
            fixed (float* cosines = table.Cosines, sines = table.Sines)
                for (long n = begin; n < end; n++)
                {
                    long row = (firstPosition + n % length) * (width / 2);
                    for (long head = n * heads; head < (n + 1) * heads; head++)
                        foreach (var (first, half) in table.Parts)
                            TurnPart(x + head * width + first, y + head * width + first, cosines + row + first / 2, sines + row + first / 2, half, scale, direction);
                }
        });
        return y_BTHE;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void TurnPart(float* x, float* y, float* cosines, float* sines, int half, float scale, float direction)
    {
        var (factor, turn) = (Vector512.Create(scale), Vector512.Create(scale * direction));
        int i = 0;
        for (; i + Lanes <= half; i += Lanes)
        {
            var (a, b) = (Vector512.Load(x + i), Vector512.Load(x + half + i));
            var (cosine, sine) = (Vector512.Load(cosines + i) * factor, Vector512.Load(sines + i) * turn);
            (a * cosine - b * sine).Store(y + i);
            (b * cosine + a * sine).Store(y + half + i);
        }
        for (; i < half; i++)
        {
            var (a, b, cosine, sine) = (x[i], x[half + i], cosines[i] * scale, sines[i] * (scale * direction));
            y[i] = a * cosine - b * sine;
            y[half + i] = b * cosine + a * sine;
        }
    }
}
