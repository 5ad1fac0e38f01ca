using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static SparkTrain.Numerics.VectorMath;

namespace SparkTrain.Numerics;

/// <summary>Mean and standard deviation of a row of floats, in float64 and shifted by one of its entries: no row of finite floats overflows, cancels or underflows.</summary>
public unsafe struct RowStatistics
{
    // Three fields: the compiler keeps structs of at most four in registers.
    private Vector512<double> sum, square;
    private readonly Vector512<double> shift;

    /// <summary>Begins with an entry of the row as the shift.</summary>
    public RowStatistics(float entry) => shift = Vector512.Create((double)entry);

    /// <summary>Adds 16 entries.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(Vector512<float> x)
    {
        var lower = Vector512.WidenLower(x) - shift;
        var upper = Vector512.WidenUpper(x) - shift;
        sum += lower + upper;
        square = Vector512.FusedMultiplyAdd(lower, lower, square);
        square = Vector512.FusedMultiplyAdd(upper, upper, square);
    }

    /// <summary>Adds the entries whose mask lanes are all ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(Vector512<float> x, Vector512<float> mask) =>
        Add(Vector512.ConditionalSelect(mask, x, Vector512.Create((float)shift.GetElement(0))));

    /// <summary>Returns the mean and the standard deviation of the <paramref name="count"/> entries added; its divisor is count − correction.</summary>
    public readonly (double Mean, double Deviation) Of(long count, int correction)
    {
        double total = Vector512.Sum(sum), offset = total / count;
        double variance = (Vector512.Sum(square) - total * offset) / Math.Max(1, count - correction);
        return (shift.GetElement(0) + offset, variance > 0 ? Math.Sqrt(variance) : 0);
    }

    /// <summary>The statistics of a whole row.</summary>
    public static (double Mean, double Deviation) OfRow(float* row, int count, int correction)
    {
        int full = count & -Lanes;
        float* part = stackalloc float[Lanes];
        // Filling up with the shift adds nothing to either sum.
        var statistics = Collect(row, full, row[0]);
        if (full < count) statistics.Merge(Collect(Pad(row + full, count - full, part, row[0]), Lanes, row[0]));
        return statistics.Of(count, correction);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static RowStatistics Collect(float* row, int count, float shift)
    {
        // Two sets, because one would wait for its own additions.
        RowStatistics even = new(shift), odd = new(shift);
        int i = 0;
        for (; i + 2 * Lanes <= count; i += 2 * Lanes)
        {
            even.Add(Vector512.Load(row + i));
            odd.Add(Vector512.Load(row + i + Lanes));
        }
        if (i < count) even.Add(Vector512.Load(row + i));
        even.Merge(odd);
        return even;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Merge(RowStatistics other)
    {
        sum += other.sum;
        square += other.square;
    }
}
