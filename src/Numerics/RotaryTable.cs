using System.Collections.Concurrent;

namespace SparkTrain.Numerics;

/// <summary>Cosines and sines of every position and pair of a head, computed in float64 once and shared by all layers.</summary>
public sealed class RotaryTable
{
    private static readonly ConcurrentDictionary<(int, int, double), RotaryTable> Known = [];

    private RotaryTable(int positions, int width, int predictorDim, double theta)
    {
        Parts = predictorDim == 0 ? [(0, width / 2)] : [(0, predictorDim / 2), (predictorDim, (width - predictorDim) / 2)];
        Positions = positions;
        Cosines = new float[positions * (width / 2)];
        Sines = new float[positions * (width / 2)];
        foreach (var (first, half) in Parts)
            for (int i = 0; i < half; i++)
            {
                double frequency = Math.Pow(theta, -(double)i / half);
                for (int t = 0; t < positions; t++)
                    (Sines[t * (width / 2) + first / 2 + i], Cosines[t * (width / 2) + first / 2 + i]) = ((float, float))Math.SinCos(t * frequency);
            }
    }

    /// <summary>Number of positions, counted from 0.</summary>
    public int Positions { get; }

    /// <summary>First coordinate and number of pairs of each part.</summary>
    public (int First, int Half)[] Parts { get; }

    /// <summary>[position, pair], the parts one after the other.</summary>
    public float[] Cosines { get; }

    /// <summary>As <see cref="Cosines"/>.</summary>
    public float[] Sines { get; }

    /// <summary>Returns a table of at least so many positions.</summary>
    public static RotaryTable Of(int positions, int width, int predictorDim, double theta)
    {
        var key = (width, predictorDim, theta);
        if (Known.TryGetValue(key, out var table) && table.Positions >= positions) return table;
        return Known[key] = new RotaryTable((int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)positions), width, predictorDim, theta);
    }
}
