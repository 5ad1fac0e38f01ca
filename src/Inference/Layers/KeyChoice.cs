using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SparkTrain.ModelFormat;
using SparkTrain.Numerics;

namespace SparkTrain.Inference;

/// <summary>Which keys a query keeps, and their softmax weights. The kept ones score at least min(θ, the largest score), with θ from the statistics of all visible scores.</summary>
internal sealed unsafe class KeyChoice(AttentionConfig config, int correction, TopkSelector selector)
{
    private const int Lanes = VectorMath.Lanes;

    private double[] quantiles = [];

    /// <summary>Lists the kept keys in ascending order.</summary>
    /// <param name="scores">Scores behind the soft cap.</param>
    /// <param name="count">How many.</param>
    /// <param name="isSparse">False lists all keys, those that are not kept with weight 0.</param>
    /// <param name="places">Receives their places, at most <paramref name="count"/>.</param>
    /// <param name="weights">Receives e^(score − largest) for each.</param>
    /// <param name="sum">Receives the sum of the weights.</param>
    /// <param name="kept">Receives the number of kept keys.</param>
    /// <returns>The length of the list.</returns>
    public int Choose(float* scores, int count, bool isSparse, Span<int> places, float* weights, out double sum, out int kept)
    {
        float peak = Largest(scores, count), cut = Cut(scores, count, peak);
        float* exponentials = stackalloc float[Lanes];
        int length = kept = 0;
        for (int i = 0; i < count; i += Lanes)
        {
            var some = i + Lanes <= count ? Vector512.Load(scores + i) : Vector512.Load(VectorMath.Pad(scores + i, count - i, exponentials, float.NegativeInfinity));
            uint mask = (uint)Vector512.ExtractMostSignificantBits(Vector512.GreaterThanOrEqual(some, Vector512.Create(cut)));
            if (i + Lanes > count) mask &= (1u << count - i) - 1;
            kept += BitOperations.PopCount(mask);
            uint listed = isSparse ? mask : i + Lanes > count ? (1u << count - i) - 1 : 0xffff;
            if (listed == 0) continue;
            VectorMath.Exp(some - Vector512.Create(peak)).Store(exponentials);
            for (; listed != 0; listed &= listed - 1)
            {
                int lane = BitOperations.TrailingZeroCount(listed);
                places[length] = i + lane;
                weights[length++] = (mask >> lane & 1) != 0 ? exponentials[lane] : 0;
            }
        }
        // One after the other: zeros in between change no bit.
        sum = 0;
        for (int i = 0; i < length; i++) sum += weights[i];
        return length;
    }

    /// <summary>Replaces scores by e^(score − largest); returns the sum.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static float Softmax(float* scores, int count)
    {
        var peak = Vector512.Create(Largest(scores, count));
        var sums = Vector512<float>.Zero;
        int i = 0;
        for (; i + Lanes <= count; i += Lanes)
        {
            var e = VectorMath.Exp(Vector512.Load(scores + i) - peak);
            e.Store(scores + i);
            sums += e;
        }
        float sum = Vector512.Sum(sums);
        if (i == count) return sum;
        float* part = stackalloc float[Lanes];
        VectorMath.Exp(Vector512.Load(VectorMath.Pad(scores + i, count - i, part)) - peak).Store(part);
        VectorMath.Unpad(part, count - i, scores + i);
        for (; i < count; i++) sum += scores[i];
        return sum;
    }

    /// <summary>weights ∘= log(1 + e^rest); what has no weight gets none.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void TimesSoftplus(float* weights, float* rest, int count)
    {
        // Both lie in lists that are padded to whole vectors.
        for (int i = 0; i < count; i += Lanes)
        {
            var w = Vector512.Load(weights + i);
            Vector512.AndNot(w * VectorMath.Softplus(Vector512.Load(rest + i)), Vector512.Equals(w, Vector512<float>.Zero)).Store(weights + i);
        }
    }

    private float Cut(float* scores, int count, float peak)
    {
        if (count <= config.Active) return float.NegativeInfinity;
        if (selector == TopkSelector.Exact) return RankSelection.Largest(new(scores, count), config.Active - 1);
        if (quantiles.Length <= count) quantiles = QuantileTable.Of(config.Active, (int)BitOperations.RoundUpToPowerOf2((uint)count + 1));
        var (mean, deviation) = RowStatistics.OfRow(scores, count, correction);
        return MathF.Min((float)(mean + quantiles[count] * deviation), peak);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static float Largest(float* scores, int count)
    {
        var most = Vector512.Create(float.NegativeInfinity);
        int i = 0;
        for (; i + Lanes <= count; i += Lanes) most = Vector512.Max(most, Vector512.Load(scores + i));
        float largest = float.NegativeInfinity;
        for (int lane = 0; lane < Lanes; lane++) largest = MathF.Max(largest, most[lane]);
        for (; i < count; i++) largest = MathF.Max(largest, scores[i]);
        return largest;
    }
}
