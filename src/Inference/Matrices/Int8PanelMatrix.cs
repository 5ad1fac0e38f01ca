using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SparkTrain.Inference;

/// <summary>
/// A panel matrix in 8 bits: each row is a scale times whole numbers from −127 to 127, rounded to the nearest. A vector is multiplied as 16-bit numbers, as large as
/// exact sums in 32 bits allow, so that nearly all of the error is the matrix's.
/// </summary>
internal sealed unsafe class Int8PanelMatrix : PanelMatrix
{
    private const float Smallest = 1e-30f;
    private const int Largest = 127, PairBytes = 2 * PanelRows, RowsAtOnce = 2;

    private readonly NativeBlock scales;
    private readonly float largestX;

    /// <summary>Rounds and packs a weight.</summary>
    public Int8PanelMatrix(WeightRows weight) : base(weight.Rows, weight.Columns, PairBytes)
    {
        int columns = weight.Columns;
        largestX = Math.Min(short.MaxValue, int.MaxValue / Largest / (2 * Pairs));
        scales = NativeBlock.Zeroed(Panels * PanelRows);
        System.Runtime.InteropServices.NativeMemory.Clear(Block.Start, (nuint)Block.Bytes);
        Parallel.For(0, weight.Rows, () => new NativeBlock(columns * sizeof(float)), (row, _, numbers) =>
        {
            weight.Copy(row, 0, columns, numbers.Floats);
            sbyte* first = (sbyte*)Block.Start + row / PanelRows * PanelBytes + row % PanelRows * 2;
            scales.Floats[row] = RoundRow(numbers.Floats, columns, first);
            return numbers;
        }, numbers => numbers.Dispose());
    }

    /// <inheritdoc/>
    public override long Bytes => Block.Bytes + scales.Bytes;

    /// <summary>The scales of the rows, and zeros up to a whole panel: no number of a row is off by more than half of its scale.</summary>
    public float* Scales => scales.Floats;

    /// <inheritdoc/>
    public override void Multiply(int first, int end, FloatRows x, int count, FloatRows y)
    {
        int stride = 2 * Pairs;
        using var rounded = new NativeBlock((long)RowsAtOnce * stride * sizeof(short));
        short* numbers = (short*)rounded.Start;
        float* by = stackalloc float[RowsAtOnce];
        for (int from = 0; from < count; from += RowsAtOnce)
        {
            int some = Math.Min(RowsAtOnce, count - from);
            for (int i = 0; i < some; i++) by[i] = RoundVector(x[from + i], numbers + i * stride);
            for (int panel = first; panel < end; panel++)
            {
                sbyte* w = (sbyte*)Block.Start + panel * PanelBytes;
                float* scale = scales.Floats + panel * PanelRows;
                var target = y.Skip(from).From(panel * PanelRows);
                if (some == RowsAtOnce) Two(w, Pairs, (int*)numbers, Pairs, scale, by, target.Start, y.Stride);
                else if (Prefetching.Streams == PrefetchWay.None) One<NoPrefetch>(w, Pairs, (int*)numbers, scale, by[0], target.Start);
                else One<PassingPrefetch>(w, Pairs, (int*)numbers, scale, by[0], target.Start);
            }
        }
    }

    /// <summary>
    /// Bounds |exact − computed| of every row for a vector, divided by the row's scale: half of |x|₁, and what rounding x itself costs at most. Exact is the float32 sum of the full numbers, in any order.
    /// </summary>
    public float ErrorBound(float* x)
    {
        double sum = 0, largest = 0;
        for (int i = 0; i < Columns; i++)
        {
            sum += Math.Abs(x[i]);
            largest = Math.Max(largest, Math.Abs(x[i]));
        }
        double ofX = Inverse((float)largest, largestX) == 0 ? Largest * sum : Largest * Columns * largest / largestX / 2;
        // A float32 sum of so many products is off by a rounding of each at most.
        double ofSums = (Columns + 4) * Math.Pow(2, -24) * Largest * sum;
        return (float)((sum / 2 + ofX + ofSums) * (1 + 1e-6));
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        scales.Dispose();
        base.Dispose();
    }

    // Both return the scale; through it, what is not finite stays so.
    private static float RoundRow(float* numbers, int count, sbyte* target)
    {
        float largest = LargestMagnitude(numbers, count), times = Inverse(largest, Largest);
        for (int i = 0; i < count; i++) target[i / 2 * PairBytes + i % 2] = (sbyte)MathF.Round(numbers[i] * times);
        // A row that became zeros is off by all that it held, half of this scale; a smaller one would be lost in the bounds' own rounding.
        return times == 0 && float.IsFinite(largest) ? Math.Max(2 * largest, Smallest) : largest / Largest;
    }

    private float RoundVector(float* x, short* target)
    {
        float largest = LargestMagnitude(x, Columns), times = Inverse(largest, largestX);
        target[2 * Pairs - 1] = 0;
        int i = 0;
        for (; i + 32 <= Columns; i += 32)
            Vector512.Narrow(Rounded(x + i, times), Rounded(x + i + 16, times)).Store(target + i);
        for (; i < Columns; i++) target[i] = (short)MathF.Round(x[i] * times);
        return largest / largestX;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Rounded(float* x, float times) => Vector512.ConvertToInt32(Vector512.Round(Vector512.Load(x) * times));

    // Numbers so small that scales would leave float32's range become zeros.
    private static float Inverse(float largest, float most) => largest > Smallest && float.IsFinite(largest) ? most / largest : 0;

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float LargestMagnitude(float* x, int count)
    {
        var most = Vector512<float>.Zero;
        int i = 0;
        for (; i + 16 <= count; i += 16) most = Vector512.Max(most, Vector512.Abs(Vector512.Load(x + i)));
        float largest = 0;
        for (int lane = 0; lane < 16; lane++) largest = MathF.Max(largest, most[lane]);
        for (; i < count; i++) largest = MathF.Max(largest, MathF.Abs(x[i]));
        return largest;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void One<TPrefetch>(sbyte* w, int pairs, int* x, float* scale, float by, float* y) where TPrefetch : struct, IPrefetch
    {
        Vector512<int> a = default, b = default;
        for (; pairs >= 2; pairs -= 2, w += 2 * PairBytes, x += 2)
        {
            TPrefetch.Ask((byte*)w + Prefetching.BytesAhead);
            AddPair(w, x, ref a, ref b);
            TPrefetch.Ask((byte*)w + Prefetching.BytesAhead + PairBytes);
            AddPair(w + PairBytes, x + 1, ref a, ref b);
        }
        if (pairs > 0) AddPair(w, x, ref a, ref b);
        Store(a, b, scale, by, y);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddPair(sbyte* w, int* x, ref Vector512<int> a, ref Vector512<int> b)
    {
        var both = Vector512.Load(w);
        var times = Vector512.Create(*x).AsInt16();
        a += MultiplyAddAdjacent(Vector512.WidenLower(both), times);
        b += MultiplyAddAdjacent(Vector512.WidenUpper(both), times);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Two(sbyte* w, int pairs, int* x, long strideX, float* scale, float* by, float* y, long strideY)
    {
        Vector512<int> a0 = default, b0 = default, a1 = default, b1 = default;
        for (; pairs > 0; pairs--, w += PairBytes, x++)
        {
            var both = Vector512.Load(w);
            Vector512<short> lower = Vector512.WidenLower(both), upper = Vector512.WidenUpper(both);
            Vector512<short> x0 = Vector512.Create(x[0]).AsInt16(), x1 = Vector512.Create(x[strideX]).AsInt16();
            (a0, b0) = (a0 + MultiplyAddAdjacent(lower, x0), b0 + MultiplyAddAdjacent(upper, x0));
            (a1, b1) = (a1 + MultiplyAddAdjacent(lower, x1), b1 + MultiplyAddAdjacent(upper, x1));
        }
        Store(a0, b0, scale, by[0], y);
        Store(a1, b1, scale, by[1], y + strideY);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<int> a, Vector512<int> b, float* scale, float by, float* y)
    {
        (Vector512.ConvertToSingle(a) * (Vector512.Load(scale) * by)).Store(y);
        (Vector512.ConvertToSingle(b) * (Vector512.Load(scale + 16) * by)).Store(y + 16);
    }

    // Sums of products of neighbours; the 16-bit numbers are far from where the instruction could overflow.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> MultiplyAddAdjacent(Vector512<short> a, Vector512<short> b)
    {
        if (Avx512BW.IsSupported) return Avx512BW.MultiplyAddAdjacent(a, b);
        if (Avx2.IsSupported) return Vector512.Create(Avx2.MultiplyAddAdjacent(a.GetLower(), b.GetLower()), Avx2.MultiplyAddAdjacent(a.GetUpper(), b.GetUpper()));
        Vector512<int> even = (a.AsInt32() << 16 >> 16) * (b.AsInt32() << 16 >> 16);
        return even + (a.AsInt32() >> 16) * (b.AsInt32() >> 16);
    }
}
